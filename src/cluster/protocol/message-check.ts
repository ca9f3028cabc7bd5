// What every message must look like. Whoever is at the other end may be wrong or hostile: nothing is believed that was not
// looked at. The plan is the exception: its inside is that of the same version of the same program, which is checked first.
import { controlOrders, type Message, refusalReasons } from "./message.ts";

type Check = (value: unknown) => boolean;

const TEXT_MAX = 64 * 1024;

const text: Check = (value) => typeof value === "string" && value.length <= TEXT_MAX;
const number: Check = (value) => typeof value === "number";
const finite: Check = (value) => Number.isFinite(value);
const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const truth: Check = (value) => typeof value === "boolean";
const bytes: Check = (value) => value instanceof Uint8Array;
const bytesOrNull: Check = (value) => value === null || bytes(value);
const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array);
const mapping: Check = isMapping;
const mappingOrNull: Check = (value) => value === null || isMapping(value);
const numbersByName: Check = (value) => isMapping(value) && Object.values(value).every(number);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value);
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isMapping(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const snapshot = shape({
  start: finite,
  end: finite,
  classes: listOf(
    shape({
      operation: text,
      sums: listOf(finite),
      errors: numbersByName,
      statuses: numbersByName,
      times: listOf(bytesOrNull),
    }),
  ),
  lateness: bytesOrNull,
  connect: bytesOrNull,
  bins: listOf(whole),
  sizes: listOf(bytesOrNull),
  meanInFlight: number,
  counts: listOf(finite),
  health: listOf(numbersByName),
});

const pullOrders = { atNs: number, cut: truth, orders: listOf(shape({ type: text })) };

type FieldsOf<T extends Message["type"]> = Readonly<
  Record<Exclude<keyof Extract<Message, { type: T }>, "type">, Check>
>;

const fields: { readonly [T in Message["type"]]: FieldsOf<T> } = {
  hello: {
    version: text,
    name: text,
    cores: whole,
    memoryBytes: whole,
    clockNs: finite,
    wallUs: finite,
  },
  plan: { version: text, runId: text, index: whole, count: whole, plan: mapping },
  "pull-plan": { version: text, runId: text, index: whole, count: whole, plan: mapping },
  "pull-orders": pullOrders,
  "pull-schedule": { fromNs: finite, entries: listOf(shape(pullOrders)) },
  "pull-halt": { atNs: finite },
  "pull-told": { message: shape({ type: text }) },
  "pull-end": { end: mapping },
  ready: {},
  refuse: { reason: oneOf(refusalReasons), sentence: text },
  "clock-ask": { round: whole, askedNs: finite },
  "clock-answer": {
    round: whole,
    askedNs: finite,
    takenNs: finite,
    answeredNs: finite,
    wallUs: finite,
  },
  ops: { layout: whole, batch: whole, count: whole, records: bytes, last: truth },
  taken: { batch: whole },
  start: { atNs: finite, wallUs: finite },
  snapshot: {
    number: whole,
    snapshot,
    seconds: listOf(whole),
    operations: listOf(whole),
    board: listOf(number),
  },
  results: { layout: whole, batch: whole, count: whole, records: bytes },
  skipped: { batch: whole, lines: bytes },
  control: { id: text, order: oneOf(controlOrders), atNs: finite, factor: finite },
  done: {
    snapshots: whole,
    results: whole,
    skipped: whole,
    rows: whole,
    counts: numbersByName,
    feed: mappingOrNull,
    health: numbersByName,
  },
  failed: { code: text, sentence: text },
  heartbeat: { clockNs: finite },
  end: { sentence: text },
};

/** The type of a message, whether it is known or not; undefined for what is none. */
export const typeOf = (value: unknown): string | undefined =>
  isMapping(value) && typeof value.type === "string" ? value.type : undefined;

/** Names the first field that is not as it must be; `"type"` for an unknown type, undefined for a message in order. */
export function wrongField(value: unknown): string | undefined {
  const type = typeOf(value);
  if (type === undefined || !Object.hasOwn(fields, type)) return "type";
  const checks: Readonly<Record<string, Check>> = fields[type as Message["type"]];
  const message = value as Readonly<Record<string, unknown>>;
  return Object.keys(checks).find((name) => checks[name]?.(message[name]) !== true);
}
