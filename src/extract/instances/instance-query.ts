// The statements. One per combination of tables; text of the user's goes in as values, names of schemas quoted.
import type { SortOrder } from "../trace-plan.ts";

export type TableSet = {
  readonly instances: string;
  readonly actions: string;
  readonly events: string;
};

const LIVE: TableSet = {
  instances: "instances",
  actions: "instance_actions",
  events: "instance_actions_events",
};

/**
 * What is joined with what. Archiving moves rows to the shadow tables table by table, so with `shadow` the parts of an
 * instance may lie on both sides: every combination is read.
 */
export function tableSets(shadow: boolean): TableSet[] {
  if (!shadow) return [LIVE];
  return ["", "shadow_"].flatMap((i) =>
    ["", "shadow_"].flatMap((a) =>
      ["", "shadow_"].map((e) => ({
        instances: `${i}${LIVE.instances}`,
        actions: `${a}${LIVE.actions}`,
        events: `${e}${LIVE.events}`,
      })),
    ),
  );
}

export type Selection = {
  /** Bounds of instance_actions.created_at, both inclusive, as the server writes them; UTC. */
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly excludedUsers: readonly string[];
  readonly excludedProjects: readonly string[];
  /** The event's own host comes first. */
  readonly hostOfEvent: boolean;
};

/** Places of the values in a row. */
export const Column = {
  uuid: 0,
  memoryMb: 1,
  rootGb: 2,
  vcpus: 3,
  user: 4,
  project: 5,
  name: 6,
  host: 7,
  event: 8,
  result: 9,
  start: 10,
  finish: 11,
  created: 12,
  actionId: 13,
  eventId: 14,
  instanceId: 15,
} as const;

const ORDER: Readonly<Record<SortOrder, string>> = {
  created: "\nORDER BY a.created_at, a.id, e.id",
  start: "\nORDER BY e.start_time IS NULL, e.start_time, a.id, e.id",
  id: "\nORDER BY a.id, e.id",
  none: "",
};

/**
 * `order`: what the server shall sort by. `alongActions`: it walks along the actions and looks up the rest by index, so that
 * rows come by action id without being sorted; the server promises nothing. The comparisons stay in SQL: collation and NULL
 * decide as in the original.
 */
export function instanceQuery({
  schema,
  tables,
  selection,
  order,
  alongActions,
}: {
  schema: string;
  tables: TableSet;
  selection: Selection;
  order: SortOrder;
  alongActions: boolean;
}): { sql: string; values: readonly string[] } {
  const { start, end, excludedUsers, excludedProjects, hostOfEvent } = selection;
  const conditions: (readonly [string, string])[] = [
    ...excludedUsers.map((value) => ["i.user_id != ?", value] as const),
    ...excludedProjects.map((value) => ["i.project_id != ?", value] as const),
    ...(start === undefined ? [] : [["a.created_at >= ?", start] as const]),
    ...(end === undefined ? [] : [["a.created_at <= ?", end] as const]),
  ];
  const from = (table: string): string => `${quotedName(schema)}.${quotedName(table)}`;
  const [instances, actions] = [`${from(tables.instances)} i`, `${from(tables.actions)} a`];
  const [outer, inner] = alongActions ? [actions, instances] : [instances, actions];
  const joined = `${outer}\nJOIN ${inner} ON i.uuid = a.instance_uuid`;
  const where = conditions.map(([condition]) => condition).join("\n  AND ");
  const sql = `SELECT ${alongActions ? "STRAIGHT_JOIN " : ""}i.uuid, i.memory_mb, i.root_gb, i.vcpus, i.user_id, i.project_id, i.hostname,
  ${hostOfEvent ? "COALESCE(NULLIF(e.host, ''), i.host)" : "i.host"},
  e.event, e.result, e.start_time, e.finish_time, a.created_at, a.id, e.id, i.id
FROM ${joined}
JOIN ${from(tables.events)} e ON a.id = e.action_id${where === "" ? "" : `\nWHERE ${where}`}${ORDER[order]}`;
  return { sql, values: conditions.map(([, value]) => value) };
}

export const quotedName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
