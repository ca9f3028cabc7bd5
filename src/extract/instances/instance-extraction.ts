// A Nova database → rows of instance events.
//
//   connect --> which schemas? --> all tables and columns there? --> session --> one statement per schema and table set
import type { DrayageError } from "../../core/errors.ts";
import { UsageError } from "../../core/errors.ts";
import type { InstanceEvent } from "../nova-event.ts";
import type { RowSink, SourceReport } from "../row-sink.ts";
import type { SortOrder } from "../trace-plan.ts";
import { cellSchemas } from "./cell-schemas.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import { Database, NET_WRITE_TIMEOUT } from "./database.ts";
import { isNotUnderstood, streamError } from "./database-error.ts";
import { instanceQuery, type Selection, tableSets } from "./instance-query.ts";
import { InstanceRows } from "./instance-rows.ts";
import {
  checkColumns,
  findsByAction,
  neededColumns,
  unseenSchema,
  visibleSchemas,
} from "./nova-schema.ts";
import { SeenEvents } from "./seen-events.ts";

export type SchemaChoice =
  /** `optional`: left out with a warning when it is not there. */
  | {
      readonly kind: "named";
      readonly schemas: readonly string[];
      readonly optional: readonly string[];
      readonly option: string;
    }
  | { readonly kind: "cells" };

export type InstanceOptions = {
  readonly settings: ConnectionSettings;
  readonly schemas: SchemaChoice;
  readonly shadow: boolean;
  readonly selection: Selection;
  readonly includeUnfinished: boolean;
  readonly snapshot: boolean;
  /** What the server sorts by; it cannot when several statements are read. */
  readonly serverOrder: SortOrder;
  /** Rows are sorted here: they are read along the actions where indexes allow it, which is nearly the order of any sort. */
  readonly alongActions: boolean;
  /** A row with an unreadable value ends the run. */
  readonly strict: boolean;
  readonly notice: (line: string) => void;
  readonly progress: (line: string) => void;
  /** Gets what to ask for the rows read so far, when reading begins. */
  readonly reading?: ((rows: () => number) => void) | undefined;
  readonly debug: (line: string) => void;
};

/** A database that has all that is needed. Close it. */
export type OpenNova = {
  readonly database: Database;
  readonly schemas: readonly string[];
  readonly version: string;
  /** One per schema and set of tables. */
  readonly statements: readonly Statement[];
};

type Statement = {
  readonly schema: string;
  readonly sql: string;
  readonly values: readonly string[];
};

/** Connects and looks. Throws a UsageError or DrayageError that names what is missing. */
export async function openNova(options: InstanceOptions): Promise<OpenNova> {
  const database = await Database.connect(options.settings);
  try {
    const schemas = await chooseSchemas(database, options);
    const sets = tableSets(options.shadow);
    refuseServerOrder(schemas, options);
    await checkColumns(database, { schemas, needs: neededColumns(sets, options.selection) });
    const [row] = await database.ask("SELECT VERSION()");
    const { selection, serverOrder: order } = options;
    const statements: Statement[] = [];
    for (const schema of schemas)
      for (const tables of sets) {
        const alongActions =
          options.alongActions && (await findsByAction(database, { schema, tables }));
        const query = instanceQuery({ schema, tables, selection, order, alongActions });
        statements.push({ schema, ...query });
      }
    return { database, schemas, version: String(row?.[0]), statements };
  } catch (error) {
    await database.close();
    throw streamError(error, { rows: 0, netWriteTimeout: NET_WRITE_TIMEOUT });
  }
}

/** A server sorts a statement; rows of several of them can only be put in order here. */
function refuseServerOrder(
  schemas: readonly string[],
  { serverOrder, shadow }: InstanceOptions,
): void {
  if (serverOrder === "none" || (schemas.length === 1 && !shadow)) return;
  throw new UsageError(
    shadow
      ? "--sort-at server does not go with --shadow: leave one of them out"
      : `--sort-at server sorts one schema, and here are ${schemas.length} (${schemas.join(", ")}): leave it out, or name one with --database`,
  );
}

/** Writes all rows into the sink. */
export async function readInstances(
  nova: OpenNova,
  { options, sink }: { options: InstanceOptions; sink: RowSink<InstanceEvent> },
): Promise<SourceReport> {
  const { includeUnfinished, shadow, progress, debug } = options;
  const rows = new InstanceRows(sink, {
    includeUnfinished,
    onUnreadable: (column) => {
      if (options.strict)
        throw new UsageError(`row ${rows.read} has a ${column} that is no time (--strict)`);
    },
  });
  const { database, statements } = nova;
  options.reading?.(() => rows.read);
  try {
    await beginSession(nova, options);
    let schema: string | undefined;
    for (const statement of statements) {
      if (shadow && statement.schema !== schema) rows.seen = new SeenEvents();
      schema = statement.schema;
      rows.statement++;
      debug(statement.sql);
      const before = rows.read;
      await database.stream(statement, rows);
      progress(`${statement.schema}: ${rows.read - before} rows read`);
    }
  } catch (error) {
    throw streamError(error, { rows: rows.read, netWriteTimeout: NET_WRITE_TIMEOUT });
  }
  if (rows.unreadable > 0)
    options.notice(`${rows.unreadable} rows with unreadable times were left out`);
  return sourceReport(nova, options, rows);
}

async function beginSession({ database, version }: OpenNova, options: InstanceOptions) {
  const ask = async (sql: string): Promise<void> => {
    options.debug(sql);
    await database.ask(sql);
  };
  const limit = /mariadb/i.test(version) ? "max_statement_time" : "max_execution_time";
  await ask("SET SESSION sql_mode = ''");
  await ask(`SET SESSION net_write_timeout = ${NET_WRITE_TIMEOUT}`);
  // MySQL before 5.7 and MariaDB before 10.1 have no limit that could be switched off.
  await orElse(ask(`SET SESSION ${limit} = 0`), async () => options.debug("unknown here"));
  if (!options.snapshot) return;
  await ask("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  // MySQL before 5.6 and MariaDB before 10.0 have no transactions that only read.
  await orElse(ask("START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT"), () =>
    ask("START TRANSACTION WITH CONSISTENT SNAPSHOT"),
  );
}

/** `other`, where the server is too old to understand what it was asked. */
async function orElse(asked: Promise<void>, other: () => Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!isNotUnderstood(error)) throw error;
    await other();
  }
}

async function chooseSchemas(database: Database, options: InstanceOptions): Promise<string[]> {
  const visible = await visibleSchemas(database);
  const { schemas: choice, settings, notice } = options;
  const named: Omit<Extract<SchemaChoice, { kind: "named" }>, "kind"> = choice.kind === "named"
    ? choice
    : { ...(await cells(database, settings, notice)), optional: [], option: "--cells auto" };
  const chosen: string[] = [];
  for (const schema of new Set(named.schemas)) {
    if (visible.includes(schema)) chosen.push(schema);
    else if (named.optional.includes(schema))
      notice(`there is no schema ${schema} to read; left out`);
    else throw await missing(schema);
  }
  return chosen;

  function missing(schema: string): Promise<DrayageError> {
    return unseenSchema(database, { schema, visible, option: named.option });
  }
}

async function cells(
  database: Database,
  { host }: ConnectionSettings,
  notice: (line: string) => void,
): Promise<{ schemas: readonly string[] }> {
  const { schemas, elsewhere } = await cellSchemas(database, host.value);
  for (const line of elsewhere) notice(line);
  return { schemas };
}

function sourceReport(
  { schemas, version, statements }: OpenNova,
  { snapshot, shadow }: InstanceOptions,
  rows: InstanceRows,
): SourceReport {
  const dropped = {
    "finish_time is NULL": rows.unfinished,
    "event read twice": rows.doubled,
    "unreadable time": rows.unreadable,
  };
  return {
    kind: "nova-database",
    facts: {
      server: version,
      schemas,
      statements: statements.length,
      "shadow tables": shadow ? "read" : "not read",
      snapshot: snapshot ? "one for all rows" : "none",
    },
    rowsRead: rows.read,
    dropped: Object.fromEntries(Object.entries(dropped).filter(([, count]) => count > 0)),
    warnings:
      rows.unreadable > 0 ? [`${rows.unreadable} rows with unreadable times were left out`] : [],
    partial: rows.unreadable > 0,
  };
}
