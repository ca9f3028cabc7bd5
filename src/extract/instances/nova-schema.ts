// Looks before reading: are all schemas, tables and columns there, and may this account see them? Everything that is wrong
// is reported at once.
import { DrayageError, UsageError } from "../../core/errors.ts";
import type { Database } from "./database.ts";
import { probeFinding } from "./database-error.ts";
import { quotedName, type TableSet } from "./instance-query.ts";

/** Columns by table. */
export type Needs = ReadonlyMap<string, readonly string[]>;

type Gap = {
  readonly schema: string;
  readonly table: string;
  /** `undefined`: the table as a whole. */
  readonly column: string | undefined;
  readonly finding: "denied" | "missing";
};

export function neededColumns(
  sets: readonly TableSet[],
  { hostOfEvent }: { hostOfEvent: boolean },
): Needs {
  const needs = new Map<string, readonly string[]>();
  for (const { instances, actions, events } of sets) {
    needs.set(instances, [
      "id",
      "uuid",
      "memory_mb",
      "root_gb",
      "vcpus",
      "user_id",
      "project_id",
      "hostname",
      "host",
    ]);
    needs.set(actions, ["id", "instance_uuid", "created_at"]);
    needs.set(events, [
      "id",
      "action_id",
      "event",
      "result",
      "start_time",
      "finish_time",
      ...(hostOfEvent ? ["host"] : []),
    ]);
  }
  return needs;
}

/** Which of the schemas can be seen, and all that can. */
export async function visibleSchemas(database: Database): Promise<string[]> {
  const rows = await database.ask("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA");
  const system = ["information_schema", "performance_schema", "mysql", "sys"];
  return rows.map(([name]) => String(name)).filter((name) => !system.includes(name.toLowerCase()));
}

/** A schema that cannot be seen: it is missing, or no right on it is granted; only some accounts are told which. */
export async function unseenSchema(
  database: Database,
  { schema, visible, option }: { schema: string; visible: readonly string[]; option: string },
): Promise<DrayageError> {
  const seen = visible.length === 0 ? "no schema is visible" : `visible: ${visible.join(", ")}`;
  const finding = await probe(database, `SELECT 1 FROM ${quotedName(schema)}.instances LIMIT 0`);
  if (finding !== "denied")
    return new UsageError(`there is no schema ${schema} on ${database.place} (${option}); ${seen}`);
  const account = await ownAccount(database);
  return new DrayageError(
    "auth-failed",
    `the schema ${schema} (${option}) does not exist on ${database.place} or ${account} may not read it; ${seen}; to allow it: GRANT SELECT ON ${quotedName(schema)}.* TO ${account};`,
  );
}

/**
 * Whether the server finds the instance and the events of an action by index. Nova's own tables have these indexes; tables
 * of archived rows and copies of databases need not.
 */
export async function findsByAction(
  database: Database,
  { schema, tables }: { schema: string; tables: TableSet },
): Promise<boolean> {
  const rows = await database.ask(
    "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND SEQ_IN_INDEX = 1",
    [schema],
  );
  const indexed = new Set(rows.map(([table, column]) => `${table}.${column}`));
  return indexed.has(`${tables.instances}.uuid`) && indexed.has(`${tables.events}.action_id`);
}

/** Throws one error that names every table and column that is missing or not granted. */
export async function checkColumns(
  database: Database,
  { schemas, needs }: { schemas: readonly string[]; needs: Needs },
): Promise<void> {
  const gaps: Gap[] = [];
  for (const schema of schemas) gaps.push(...(await gapsOf(database, schema, needs)));
  const denied = gaps.filter(({ finding }) => finding === "denied");
  const missing = gaps.filter(({ finding }) => finding === "missing");
  if (missing.length > 0) throw new UsageError(missing.map(missingText));
  if (denied.length > 0) throw await deniedError(database, denied);
}

async function gapsOf(database: Database, schema: string, needs: Needs): Promise<Gap[]> {
  const rows = await database.ask(
    "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?",
    [schema],
  );
  const visible = new Set(rows.map(([table, column]) => `${table}.${column}`));
  const tables = new Set(rows.map(([table]) => String(table)));
  const gaps: Gap[] = [];
  for (const [table, columns] of needs) {
    const unseen = tables.has(table)
      ? columns.filter((column) => !visible.has(`${table}.${column}`))
      : [undefined];
    for (const column of unseen) {
      const what = column === undefined ? "1" : quotedName(column);
      const from = `${quotedName(schema)}.${quotedName(table)}`;
      const finding = await probe(database, `SELECT ${what} FROM ${from} LIMIT 0`);
      if (finding !== undefined) gaps.push({ schema, table, column, finding });
    }
  }
  return [...gaps, ...(await unreadable(database, { schema, needs, tables }))];
}

/** Tables that this account sees for another right than SELECT. */
async function unreadable(
  database: Database,
  { schema, needs, tables }: { schema: string; needs: Needs; tables: ReadonlySet<string> },
): Promise<Gap[]> {
  const gaps: Gap[] = [];
  for (const table of needs.keys()) {
    if (!tables.has(table)) continue;
    const columns = (needs.get(table) ?? []).map(quotedName).join(", ");
    const from = `${quotedName(schema)}.${quotedName(table)}`;
    const finding = await probe(database, `SELECT ${columns} FROM ${from} LIMIT 0`);
    if (finding === "denied") gaps.push({ schema, table, column: undefined, finding });
  }
  return gaps;
}

async function probe(database: Database, sql: string): Promise<"denied" | "missing" | undefined> {
  try {
    await database.ask(sql);
    return undefined;
  } catch (error) {
    const finding = probeFinding(error);
    if (finding === undefined) throw error;
    return finding;
  }
}

async function deniedError(database: Database, gaps: readonly Gap[]): Promise<DrayageError> {
  const account = await ownAccount(database);
  const tables = [...new Set(gaps.map(({ schema, table }) => `${schema}.${table}`))];
  const grants = [...new Set(gaps.map(({ schema }) => schema))].map(
    (schema) => `GRANT SELECT ON ${quotedName(schema)}.* TO ${account};`,
  );
  return new DrayageError(
    "auth-failed",
    `${account} may not read ${tables.join(", ")} on ${database.place}; to allow it: ${grants.join(" ")}`,
  );
}

/** 'user'@'host' as grants name it. */
async function ownAccount(database: Database): Promise<string> {
  const [row] = await database.ask("SELECT CURRENT_USER()");
  const account = String(row?.[0] ?? "");
  const at = account.lastIndexOf("@");
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `${quoted(account.slice(0, at))}@${quoted(account.slice(at + 1))}`;
}

// When Nova's tables and columns came, for databases of older releases.
const HISTORY: readonly (readonly [RegExp, string])[] = [
  [
    /^instance_actions_events\.(host|details)$/,
    "exists since Nova 2014.1; leave out --vm-host event",
  ],
  [/^shadow_/, "of databases whose rows were archived; leave out --shadow"],
  [/^instance_actions(_events)?$/, "exists since Nova 2013.1; older databases hold no events"],
];

function missingText({ schema, table, column }: Gap): string {
  const what = column === undefined ? table : `${table}.${column}`;
  const history = HISTORY.find(([name]) => name.test(what))?.[1];
  const note = history ?? "which every Nova since 2013.1 has: is this Nova's schema?";
  return column === undefined
    ? `the schema ${schema} has no table ${table} (${note})`
    : `the table ${schema}.${table} has no column ${column} (${note})`;
}
