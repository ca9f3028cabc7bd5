// Cells of Nova: nova_api.cell_mappings says which schemas hold instances, and on which server.
import { UsageError } from "../../core/errors.ts";
import type { Database } from "./database.ts";
import { checkColumns } from "./nova-schema.ts";

export type CellSchemas = {
  /** On the server we are connected to. */
  readonly schemas: readonly string[];
  /** What to type for the cells of other servers, and how many cannot be read. */
  readonly elsewhere: readonly string[];
};

type Cell = { readonly host: string; readonly port: string; readonly schema: string };

const LOCAL = ["localhost", "127.0.0.1", "::1", "", "{hostname}"];

/** `ownHost`: the server as the settings name it. Passwords in the mappings are not kept. */
export async function cellSchemas(database: Database, ownHost: string): Promise<CellSchemas> {
  await checkColumns(database, {
    schemas: ["nova_api"],
    needs: new Map([["cell_mappings", ["database_connection"]]]),
  });
  const rows = await database.ask("SELECT database_connection FROM `nova_api`.cell_mappings");
  const [server] = await database.ask("SELECT @@hostname, @@port");
  const [name, ownPort] = [0, 1].map((at) => String(server?.[at] ?? ""));
  const own = new Set([...LOCAL, ownHost, name]);
  const isHere = ({ host, port }: Cell): boolean =>
    own.has(host) && (!/^\d+$/.test(port) || port === ownPort);
  const cells = rows.flatMap(([url]) => cellOf(String(url ?? "")) ?? []);
  const schemas = [...new Set(cells.filter(isHere).map(({ schema }) => schema))];
  const elsewhere = [
    ...cells.filter((cell) => !isHere(cell)).map(commandFor),
    ...unreadable(rows.length - cells.length),
  ];
  if (schemas.length === 0)
    throw new UsageError([
      `nova_api.cell_mappings names no schema on this server (${database.place}); name them with --nova-databases`,
      ...elsewhere,
    ]);
  return { schemas, elsewhere };
}

/** `mysql+pymysql://user:password@host:port/schema?options`, or with words in braces for the parts. */
export function cellOf(url: string): Cell | undefined {
  const found = /^[^:]+:\/\/(?:.*@)?(\[[^\]]*\]|[^@/:]*)(?::([^/]*))?\/([^?]+)/.exec(url);
  const [, host = "", port = "", schema] = found ?? [];
  return schema === undefined ? undefined : { host: host.replace(/^\[|\]$/g, ""), port, schema };
}

/** What such a mapping says is not shown: there is a password in it. */
const unreadable = (mappings: number): string[] =>
  mappings === 0
    ? []
    : [`${mappings} of nova_api.cell_mappings name no schema: name theirs with --nova-databases`];

const commandFor = ({ host, port, schema }: Cell): string =>
  `a cell is on another server; type: drayage extract instances --host ${host}${/^\d+$/.test(port) ? ` --port ${port}` : ""} --database ${schema} OUTPUT`;
