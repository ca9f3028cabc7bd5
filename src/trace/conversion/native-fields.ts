import { TextSpan } from "../info/record-judge.ts";
import { readNumber } from "../number-text.ts";
import { Field, type RawRecord, Shape } from "../raw-record.ts";

/**
 * The ten fields of a sound record; `null` where it has none. `duration` in seconds, `written` in bytes, `timestamp` as it
 * is spelt in the trace, and as microseconds since the Unix epoch. Source: trace-replay.md 1.2.
 */
export type NativeFields = {
  readonly host: string | null;
  readonly duration: number | null;
  readonly method: string;
  readonly client: string | null;
  readonly uri: string;
  readonly userAgent: string | null;
  readonly status: number | null;
  readonly written: number | null;
  readonly id: string | null;
  readonly timestamp: string;
  readonly timeUs: number;
};

/** Takes the fields out of raw records that have been found sound. */
export class FieldReader {
  readonly #span = new TextSpan();

  read(raw: RawRecord, timeUs: number): NativeFields {
    return {
      host: this.text(raw, Field.host),
      duration: numberIn(raw, Field.duration),
      method: this.text(raw, Field.method) ?? "",
      client: this.text(raw, Field.client),
      uri: this.text(raw, Field.uri) ?? "",
      userAgent: this.text(raw, Field.agent),
      status: numberIn(raw, Field.status),
      written: numberIn(raw, Field.written),
      id: this.text(raw, Field.id),
      timestamp: this.text(raw, Field.timestamp) ?? "",
      timeUs,
    };
  }

  text(raw: RawRecord, field: number): string | null {
    const span = this.#span;
    span.read(raw, field);
    return span.from === -1 ? null : span.buffer.toString("utf8", span.from, span.to);
  }
}

function numberIn(raw: RawRecord, field: number): number | null {
  if (raw.shapeOf(field) === Shape.absent) return null;
  const known = raw.values[field] as number;
  if (raw.shapeOf(field) === Shape.number && !Number.isNaN(known)) return known;
  return readNumber(raw.buffer, raw.from[field] as number, raw.to[field] as number);
}

/** The record as a line of JSON, its keys in the order of the published traces. */
export function fieldsLine(fields: NativeFields): string {
  return JSON.stringify({
    host: fields.host ?? undefined,
    "http.request.duration": fields.duration ?? undefined,
    "http.request.method": fields.method,
    "http.request.remoteaddr": fields.client ?? undefined,
    "http.request.uri": fields.uri,
    "http.request.useragent": fields.userAgent ?? undefined,
    "http.response.status": fields.status ?? undefined,
    "http.response.written": fields.written ?? undefined,
    id: fields.id ?? undefined,
    timestamp: fields.timestamp,
  });
}
