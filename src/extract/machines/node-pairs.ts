// Joins the compute nodes of a backup with the services that run on them.

import { readDatabaseTime } from "../event-time.ts";
import type { EventTime } from "../nova-event.ts";
import type { DumpContent, DumpTable, WantedTable } from "./dump-content.ts";
import { DumpFault } from "./dump-fault.ts";

export const nodeJoins = ["auto", "host", "service_id"] as const;
/** What ties a node to its service: its host name, or before Nova 2015.1 the number of the service. */
export type NodeJoin = (typeof nodeJoins)[number];

/** A compute node with one of its nova-compute services. Times that cannot be read are NaN. */
export type NodePair = {
  readonly hypervisor: string | null;
  readonly host: string | null;
  readonly vcpus: number | null;
  readonly memoryMb: number | null;
  readonly localGb: number | null;
  readonly created: EventTime | null;
  readonly updated: EventTime | null;
  readonly deleted: EventTime | null;
  readonly serviceUpdated: EventTime | null;
  readonly disabled: boolean | null;
};

export type JoinedNodes = {
  readonly pairs: readonly NodePair[];
  readonly notices: readonly string[];
};

const Node = {
  hypervisor: 0,
  host: 1,
  serviceId: 2,
  vcpus: 3,
  memoryMb: 4,
  localGb: 5,
  created: 6,
  updated: 7,
  deleted: 8,
} as const;
const Service = { id: 0, host: 1, binary: 2, updated: 3, disabled: 4 } as const;

export const nodeTables: readonly WantedTable[] = [
  {
    name: "compute_nodes",
    columns: [
      "hypervisor_hostname",
      "host",
      "service_id",
      "vcpus",
      "memory_mb",
      "local_gb",
      "created_at",
      "updated_at",
      "deleted_at",
    ],
  },
  { name: "services", columns: ["id", "host", "binary", "updated_at", "disabled"] },
];

/** Columns without which a table says nothing; those of the join come on top. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  compute_nodes: [
    "hypervisor_hostname",
    "vcpus",
    "memory_mb",
    "local_gb",
    "created_at",
    "updated_at",
    "deleted_at",
  ],
  services: ["binary", "updated_at", "disabled"],
};

type Row = readonly (string | null)[];

/** Nodes in the order of the dump, each with its services in the order of the dump. Throws a DumpFault. */
export function joinNodes(content: DumpContent, join: NodeJoin): JoinedNodes {
  const schemas = [...new Set(content.tables.map(({ schema }) => schema))];
  const complete = schemas.flatMap((schema) => {
    const [nodes, services] = ["compute_nodes", "services"].map((name) =>
      content.tables.find((table) => table.schema === schema && table.name === name),
    );
    return nodes === undefined || services === undefined ? [] : [{ nodes, services }];
  });
  if (complete.length === 0) throw missingTables(content);
  const joined = complete.map((tables) => joinSchema(tables, join));
  return {
    pairs: joined.flatMap(({ pairs }) => pairs),
    notices: [...new Set(joined.flatMap(({ notices }) => notices))],
  };
}

function missingTables({ tables, elsewhere }: DumpContent): DumpFault {
  // Other services of a cloud have tables called services, too.
  const schemas = elsewhere
    .filter(({ name }) => name === "compute_nodes")
    .map(({ schema }) => schema);
  if (schemas.length > 0)
    return new DumpFault(
      `holds Nova's tables in a schema of another name: --nova-databases ${schemas.join(",")} reads them`,
    );
  const found = new Set(tables.map(({ name }) => name));
  const missing = ["compute_nodes", "services"].filter((name) => !found.has(name));
  return new DumpFault(
    missing.length === 0
      ? "has compute_nodes and services in different schemas only"
      : `holds no table ${missing.join(" and no table ")} of Nova`,
  );
}

function joinSchema(
  { nodes, services }: { nodes: DumpTable; services: DumpTable },
  wanted: NodeJoin,
): JoinedNodes {
  const notices: string[] = [];
  const join = joinOf(nodes, wanted);
  if (join !== wanted && join === "service_id")
    notices.push(
      "compute_nodes has no column host, as before Nova 2015.1: joined with services by service_id",
    );
  requireColumns(nodes, [...(NEEDED.compute_nodes ?? []), join]);
  requireColumns(services, [...(NEEDED.services ?? []), join === "host" ? "host" : "id"]);
  const exact = nodes.definition.exact.has("host") || services.definition.exact.has("host");
  const keyOf = join === "host" ? hostKey(exact) : (id: string) => id;
  const byKey = Map.groupBy(
    services.rows.filter((row) => row[Service.binary] === "nova-compute"),
    (row) => keyOrNull(row[join === "host" ? Service.host : Service.id], keyOf),
  );
  const pairs = nodes.rows.flatMap((node) => {
    const key = keyOrNull(node[join === "host" ? Node.host : Node.serviceId], keyOf);
    const matching = key === null ? [] : (byKey.get(key) ?? []);
    return matching.map((service) => pairOf(node, service));
  });
  if (join === "host" && !exact && nodes.rows.some((row) => hasForeignLetters(row[Node.host])))
    notices.push(
      "host names have letters outside ASCII; only ASCII letters are compared without case",
    );
  return { pairs, notices };
}

function joinOf({ definition }: DumpTable, wanted: NodeJoin): "host" | "service_id" {
  if (wanted !== "auto") return wanted;
  return definition.columns.includes("host") || !definition.columns.includes("service_id")
    ? "host"
    : "service_id";
}

function requireColumns({ name, definition }: DumpTable, needed: readonly string[]): void {
  const missing = needed.filter((column) => !definition.columns.includes(column));
  if (missing.length === 0) return;
  throw new DumpFault(`has a table ${name} without ${missing.join(", ")}${release(name, missing)}`);
}

const release = (table: string, missing: readonly string[]): string =>
  table === "compute_nodes" && missing.includes("host")
    ? " (host exists since Nova 2015.1; for older dumps: --node-join service_id)"
    : "";

/** How the server compares: without regard to case and to blanks at the end, unless the collation says otherwise. */
const hostKey =
  (exact: boolean) =>
  (host: string): string =>
    exact ? host : host.replace(/ +$/, "").replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const keyOrNull = (
  value: string | null | undefined,
  keyOf: (value: string) => string,
): string | null => (value === null || value === undefined ? null : keyOf(value));

const hasForeignLetters = (host: string | null | undefined): boolean =>
  /[^\0-\x7f]/.test(host ?? "");

function pairOf(node: Row, service: Row): NodePair {
  return {
    hypervisor: node[Node.hypervisor] ?? null,
    host: node[Node.host] ?? null,
    vcpus: whole(node[Node.vcpus]),
    memoryMb: whole(node[Node.memoryMb]),
    localGb: whole(node[Node.localGb]),
    created: readDatabaseTime(node[Node.created] ?? null),
    updated: readDatabaseTime(node[Node.updated] ?? null),
    deleted: readDatabaseTime(node[Node.deleted] ?? null),
    serviceUpdated: readDatabaseTime(service[Service.updated] ?? null),
    disabled: flag(service[Service.disabled]),
  };
}

const whole = (text: string | null | undefined): number | null =>
  text !== null && text !== undefined && /^[+-]?\d{1,15}$/.test(text) ? Number(text) : null;

const flag = (text: string | null | undefined): boolean | null =>
  text === null || text === undefined ? null : !/^(?:0|false)$/i.test(text);
