// What makes a record of a trace sound, for the replay (intake.ts) and for whoever only looks at traces
// (info/record-judge.ts), so that both count the same records as broken, in the same words. Runs for every record: within the
// 1 µs of those who call it; allocates nothing for a sound record.
import { RANGE_BYTES_MAX, TEXT_BYTES_MAX } from "./layout.ts";
import { readNumber } from "./number-text.ts";
import { Field, type Place, RANGE_KEY, type RawRecord, Shape, traceKeys } from "./raw-record.ts";

export const requiredFields = [Field.method, Field.uri, Field.timestamp] as const;
export const textFields = [
  ...requiredFields,
  Field.client,
  Field.host,
  Field.id,
  Field.agent,
] as const;
/** What may be missing: each has a default. */
export const optionalFields = [
  Field.duration,
  Field.client,
  Field.host,
  Field.status,
  Field.agent,
  Field.id,
] as const;
export const STATUS_MAX = 999;
/** Seconds. As microseconds they stay below 2^63, which sorts and histograms come to an end with; 1e999 is infinite. */
export const DURATION_MAX: number = 2 ** 43;
/** Characters of a wrong value that a message quotes. */
const QUOTED_MAX = 40;

type Fault = "missing" | "type" | "negative_duration" | "timestamp";

/** Who counts broken records. */
type Judge = { broken(reason: string, place: Place, message: string): void };

/** The required fields are there and all texts are texts of a length that fits; else the record is counted as broken. */
export function hasGoodTexts(judge: Judge, raw: RawRecord): boolean {
  for (const field of requiredFields) {
    if (raw.shapeOf(field) === Shape.absent) return reject(judge, raw, "missing", field);
  }
  for (const field of textFields) {
    const shape = raw.shapeOf(field);
    if (shape === Shape.number || shape === Shape.other) return reject(judge, raw, "type", field);
    const length = (raw.to[field] as number) - (raw.from[field] as number);
    if (shape !== Shape.absent && length > TEXT_BYTES_MAX) {
      const message = `${traceKeys[field]} is longer than ${TEXT_BYTES_MAX} bytes`;
      judge.broken("too_long", raw, message);
      return false;
    }
  }
  return true;
}

const RANGE_UNIT = Buffer.from('"bytes=');
const rangeBytes = new Set(Buffer.from("0123456789-, "));

/** Whether the range is one that a Range header may have, if there is any; else the record is counted as broken. */
export function hasGoodRange(judge: Judge, raw: RawRecord): boolean {
  const { buffer, rangeFrom, rangeTo } = raw;
  if (rangeFrom < 0) return true;
  const places = rangeFrom - 1 + RANGE_UNIT.length;
  let good =
    places < rangeTo &&
    rangeTo - rangeFrom <= RANGE_BYTES_MAX &&
    RANGE_UNIT.compare(buffer, rangeFrom - 1, places) === 0;
  for (let p = places; good && p < rangeTo; p++) good = rangeBytes.has(buffer[p] as number);
  if (good) return true;
  const value = buffer.toString("utf8", rangeFrom, Math.min(rangeTo, rangeFrom + QUOTED_MAX));
  judge.broken(`type:${RANGE_KEY}`, raw, `${RANGE_KEY} is no range of bytes: ${value}`);
  return false;
}

/** A number, or a text that holds one; `absent` if it is not there, NaN if it is something else. */
export function numberOf(raw: RawRecord, field: number, absent: number): number {
  const shape = raw.shapeOf(field);
  if (shape === Shape.absent) return absent;
  if (shape === Shape.number) {
    const value = raw.values[field] as number;
    if (!Number.isNaN(value)) return value;
  } else if (shape !== Shape.text) return Number.NaN;
  return readNumber(raw.buffer, raw.from[field] as number, raw.to[field] as number);
}

/** Counts a broken record; always false. */
export function reject(judge: Judge, raw: RawRecord, what: Fault, field: number): false {
  const key = traceKeys[field];
  const from = raw.from[field] as number;
  const to = Math.min(raw.to[field] as number, from + QUOTED_MAX);
  const value = what === "missing" ? "" : raw.buffer.toString("utf8", from, to);
  switch (what) {
    case "missing":
      judge.broken(`missing:${key}`, raw, `${key} is missing`);
      return false;
    case "type":
      judge.broken(`type:${key}`, raw, `${key} has a value of the wrong type: ${value}`);
      return false;
    case "negative_duration":
      judge.broken(what, raw, `${key} is negative: ${value}`);
      return false;
    case "timestamp":
      judge.broken(what, raw, `${key} is no time: ${value}`);
      return false;
    default:
      what satisfies never;
      return false;
  }
}
