import { createReadStream } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { McapStreamReader, type McapTypes } from "@mcap/core";
import { messageOf, UsageError } from "../../core/errors.ts";
import { micros } from "../../core/units.ts";
import { type ArchiveEvent, type ArchiveItem, type Gap, gapReasons } from "../event.ts";
import { BatchGroups } from "./import-archive.ts";
import { type EventKindName, eventKinds, eventOf, GAP } from "./mcap-layout.ts";

type Channel = { readonly path: string; readonly kind: EventKindName | "gap" };
type Entry = { readonly time: bigint; readonly sequence: number } & (
  | { readonly event: ArchiveEvent }
  | { readonly gap: Gap }
);

const decompressHandlers = { zstd: (bytes: Uint8Array) => zstdDecompressSync(bytes) };

/**
 * Messages of MCAP files as batches: equal log times form one. Several files are merged by log time and sequence. Channels of
 * other writers are taken as values, their topics as paths. UsageError for what is no MCAP, or one that is not whole.
 */
export async function* mcapItems(paths: readonly string[]): AsyncGenerator<ArchiveItem> {
  const groups = new BatchGroups();
  for await (const entry of merged(paths.map(entries))) {
    const done =
      "gap" in entry ? groups.take() : groups.add(micros(Number(entry.time / 1000n)), entry.event);
    if (done !== undefined) yield done;
    if ("gap" in entry) yield entry.gap;
  }
  const last = groups.take();
  if (last !== undefined) yield last;
}

async function* merged(files: readonly AsyncGenerator<Entry>[]): AsyncGenerator<Entry> {
  const heads = await Promise.all(files.map(async (file) => ({ file, next: await file.next() })));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads)
      if (
        head.next.done !== true &&
        (first === undefined || isBefore(head.next.value, first.next.value))
      )
        first = head;
    if (first === undefined) return;
    yield first.next.value;
    first.next = await first.file.next();
  }
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.time === b.time ? a.sequence < b.sequence : a.time < b.time;

async function* entries(path: string): AsyncGenerator<Entry> {
  const reader = new McapStreamReader({ decompressHandlers });
  const file = new FileEntries();
  try {
    for await (const piece of createReadStream(path)) {
      reader.append(piece);
      for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) {
        const entry = file.of(record);
        if (entry !== undefined) yield entry;
      }
    }
    if (!reader.done()) throw new Error("it ends in the middle");
  } catch (error) {
    throw new UsageError(`${path} is no whole MCAP file: ${messageOf(error)}`, { cause: error });
  }
}

/** What the records of one file mean; all but channels and messages mean nothing here. */
class FileEntries {
  readonly #channels = new Map<number, Channel>();

  of(record: McapTypes.TypedMcapRecord): Entry | undefined {
    if (record.type === "Channel") this.#channels.set(record.id, channelOf(record));
    return record.type === "Message" ? this.#message(record) : undefined;
  }

  #message({ channelId, sequence, logTime: time, data }: McapTypes.Message): Entry {
    const channel = this.#channels.get(channelId);
    // The reader's memory is used again for the next piece.
    const copy = data.slice();
    const entry = channel && entryOf(channel, copy);
    if (entry === undefined) throw new Error(`message ${sequence} cannot be read`);
    return { time, sequence, ...entry };
  }
}

function entryOf(
  { kind, path }: Channel,
  data: Uint8Array,
): { event: ArchiveEvent } | { gap: Gap } | undefined {
  if (kind === "gap") {
    const gap = gapOf(Buffer.from(data).toString("utf8"));
    return gap && { gap };
  }
  const event = eventOf(kind, path, data);
  return event && { event };
}

function channelOf({ topic, metadata }: { topic: string; metadata: Map<string, string> }): Channel {
  if (topic === GAP && metadata.get("kind") === "gap") return { path: topic, kind: "gap" };
  const kind = eventKinds.find((known) => known === metadata.get("kind")) ?? "value";
  return { path: topic.startsWith("/") ? topic : `/${topic}`, kind };
}

function gapOf(text: string): Gap | undefined {
  const { from, to, dropped, why } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const reason = gapReasons.find((known) => known === why);
  if (reason === undefined || !Number.isSafeInteger(from) || !Number.isSafeInteger(to))
    return undefined;
  const lost = Number.isSafeInteger(dropped) ? Number(dropped) : 0;
  return {
    kind: "gap",
    from: micros(Number(from)),
    to: micros(Number(to)),
    dropped: lost,
    why: reason,
  };
}
