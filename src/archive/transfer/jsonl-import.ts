import { createReadStream } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import { linesOf } from "../../core/lines.ts";
import type { Micros } from "../../core/units.ts";
import { type ArchiveEvent, type ArchiveItem, gapReasons } from "../event.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Lines as `drayage archive export --format jsonl`, `archive dump --json` and session streams write them: batches and gaps;
 * images, controls and ends are passed over. UsageError with file and line for a line that is none of these.
 */
export async function* jsonlItems(path: string): AsyncGenerator<ArchiveItem> {
  let number = 0;
  for await (const line of linesOf(createReadStream(path))) {
    number++;
    if (line.trim() === "") continue;
    const item = itemOf(line);
    if (item === undefined)
      throw new UsageError(`${path}:${number} is no line of an archive: ${line.slice(0, 60)}`);
    if (item !== "passed over") yield item;
  }
}

const PASSED_OVER = ["image", "control", "end", "error"];

function itemOf(line: string): ArchiveItem | "passed over" | undefined {
  const fields = objectOf(line);
  if (fields === undefined) return undefined;
  if (PASSED_OVER.includes(String(fields.type))) return "passed over";
  if (fields.type === "gap") return gapOf(fields);
  const { us, events } = fields;
  if (fields.type !== "batch" || !isStamp(us) || !Array.isArray(events)) return undefined;
  const decoded = events.map(eventOf);
  if (!decoded.every((event) => event !== undefined)) return undefined;
  return { kind: "batch", stamp: us, events: decoded };
}

function objectOf(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const isStamp = (value: unknown): value is Micros =>
  Number.isSafeInteger(value) && Number(value) > 0;

/** Damage at the beginning of an archive is a gap from 0 on. */
const isInstant = (value: unknown): value is Micros => value === 0 || isStamp(value);

function gapOf({ from, to, dropped, why }: Fields): ArchiveItem | undefined {
  // Sessions of several shards tell of one that was lost: its paths are missing.
  const reason = why === "shard" ? "disconnect" : gapReasons.find((known) => known === why);
  if (!isInstant(from) || !isInstant(to) || reason === undefined) return undefined;
  const lost = Number.isSafeInteger(dropped) ? Number(dropped) : 0;
  return { kind: "gap", from, to, dropped: lost, why: reason };
}

/** The field that holds the value says of which kind the event is. */
function eventOf(value: unknown): ArchiveEvent | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Fields;
  const { path } = fields;
  if (typeof path !== "string" || !path.startsWith("/")) return undefined;
  if (fields.removed === true) return { kind: "removed", path };
  if (fields.null === true) return { kind: "null", path };
  if ("exchange" in fields)
    return { kind: "exchange", path, json: Buffer.from(JSON.stringify(fields.exchange)) };
  if ("json" in fields)
    return { kind: "json", path, json: Buffer.from(JSON.stringify(fields.json)) };
  const bytes = bytesOf(fields);
  if (bytes === undefined) return undefined;
  if (fields.headers === undefined) return { kind: "value", path, value: bytes };
  return { kind: "message", path, headers: headerWire(fields.headers), value: bytes };
}

function bytesOf({ text, base64 }: Fields): Uint8Array | undefined {
  if (typeof text === "string") return Buffer.from(text);
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
}

/** As NATS sends headers. */
function headerWire(headers: unknown): Uint8Array {
  const lines = Object.entries(headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${String(value)}\r\n`),
  );
  return Buffer.from(`NATS/1.0\r\n${lines.join("")}\r\n`);
}
