import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import { RANGE_KEY } from "../../trace/raw-record.ts";
import { timeText } from "../../trace/time-text.ts";
import { ArchiveReader } from "../archive-reader.ts";
import { decodeExchange, type HttpExchange } from "../exchange.ts";
import { CURRENT } from "../file-name.ts";
import type { ArchiveTraceName } from "./trace-name.ts";
import { sizeOf, TracedExchanges, type TracedRequest, uriOf } from "./traced-exchange.ts";

/** `run`: the exchanges, as requests to be sent. `warmup`: what has to be there before, as one GET per object. */
export type TracePurpose = "run" | "warmup";

/** What became of the exchanges of an archive; grows while its lines are read. */
export type ArchiveTraceCounts = {
  exchanges: number;
  records: number;
  gaps: number;
  readonly leftOut: Map<string, number>;
};

const TAGS = "/$registry/tags/";
const BLOBS = "/$registry/blobs/";
/** Stamps of batches count from whole milliseconds and do not follow the system's clock: arrivals may be a little later. */
const CLOCKS_APART_US = 1_000_000;

/**
 * Reads an archive of the recording proxy as a registry trace: lines of the native format, in the order of ends. The time of a
 * record is its arrival. Exchanges that become no record are counted by reason. UsageError where there is no archive.
 */
export async function* archiveTrace(
  name: ArchiveTraceName,
  purpose: TracePurpose,
  counts: ArchiveTraceCounts,
): AsyncGenerator<string> {
  // A mistyped name is the user's mistake, not the disk's.
  const { directory } = name;
  if (!existsSync(directory)) throw new UsageError(`there is no archive ${directory}`);
  if (!existsSync(join(directory, CURRENT)) && existsSync(join(directory, "0")))
    throw new UsageError(
      `${directory} holds the archives of several shards: name each, as archive:${directory}/0`,
    );
  const reader = await ArchiveReader.open(name.directory);
  try {
    const first = await reader.firstOfAll();
    const from = name.from ?? first;
    if (from === null) return;
    const records =
      purpose === "run"
        ? requests(exchanges(reader, name, counts), counts)
        : objects(reader, name, { from, counts });
    for await (const record of records) {
      counts.records++;
      yield nativeText(record);
    }
  } finally {
    await reader.close();
  }
}

/** Those that arrived in the range. One that ended before it began cannot have, as far as two clocks agree. */
async function* exchanges(
  reader: ArchiveReader,
  { from = micros(0), to = micros(Number.MAX_SAFE_INTEGER), filter }: ArchiveTraceName,
  counts: ArchiveTraceCounts,
): AsyncGenerator<HttpExchange> {
  const cursor = reader.cursor(micros(Math.max(from - CLOCKS_APART_US, 0)), filter);
  for (let item = await cursor.next(); item !== null; item = await cursor.next()) {
    if (item.kind === "gap") {
      counts.gaps++;
      continue;
    }
    for (const event of item.events) {
      const exchange = event.kind === "exchange" ? decodeExchange(event.json) : undefined;
      if (exchange === undefined || exchange.arrival < from || exchange.arrival > to) continue;
      counts.exchanges++;
      yield exchange;
    }
  }
  cursor.close();
}

async function* requests(
  found: AsyncIterable<HttpExchange>,
  counts: ArchiveTraceCounts,
): AsyncGenerator<TracedRequest> {
  const traced = new TracedExchanges();
  for await (const exchange of found) {
    const result = traced.take(exchange);
    if (result.kind === "request") yield result.request;
    else counts.leftOut.set(result.reason, (counts.leftOut.get(result.reason) ?? 0) + 1);
  }
}

type Part = { readonly from: Micros; readonly counts: ArchiveTraceCounts };

/** The registry image where the part begins, then what the part reads: it may have been there without having been seen. */
async function* objects(
  reader: ArchiveReader,
  name: ArchiveTraceName,
  { from, counts }: Part,
): AsyncGenerator<TracedRequest> {
  const filter = { matches: (path: string) => path.startsWith("/$registry/") };
  const image = await reader.imageAt(micros(Math.max(from - 1, 0)), filter);
  for await (const { path, event } of image.entries()) {
    const uris = event?.kind === "json" ? imageUris(path, event.json) : [];
    for (const uri of uris)
      if (name.filter?.matches(`/${uri.uri}`) ?? true) yield objectRead({ ...uri, at: from });
  }
  for await (const exchange of exchanges(reader, name, counts)) {
    const needed = neededObject(exchange);
    if (needed !== undefined) yield needed;
  }
}

function neededObject(exchange: HttpExchange): TracedRequest | undefined {
  const { status, method, arrival } = exchange;
  if (status < 200 || status >= 300 || !isObject(exchange)) return undefined;
  const size = sizeOf(exchange);
  const read = objectRead({ uri: uriOf(exchange), size: size ?? 0, at: micros(arrival) });
  // Where a manifest is to be put, the config that synthetic manifests share has to be.
  if (method === "PUT") return { ...read, method };
  return size === null ? undefined : read;
}

const isObject = ({ class: kind }: HttpExchange): boolean =>
  kind === "blob" || kind === "manifest-tag" || kind === "manifest-digest";

type ObjectUri = { readonly uri: string; readonly size: number };

function imageUris(path: string, json: Uint8Array): ObjectUri[] {
  const value: unknown = JSON.parse(Buffer.from(json).toString());
  if (typeof value !== "object" || value === null || !("size" in value)) return [];
  const { size } = value;
  if (typeof size !== "number" || size <= 0) return [];
  if (path.startsWith(TAGS)) {
    const at = path.lastIndexOf("/");
    const manifests = `v2/${path.slice(TAGS.length, at)}/manifests`;
    const uris = [`${manifests}/${path.slice(at + 1)}`];
    if ("digest" in value && typeof value.digest === "string")
      uris.push(`${manifests}/${value.digest}`);
    return uris.map((uri) => ({ uri, size }));
  }
  if (!path.startsWith(BLOBS) || !("names" in value) || !Array.isArray(value.names)) return [];
  const digest = path.slice(BLOBS.length);
  return value.names.map((name) => ({ uri: `v2/${name}/blobs/${digest}`, size }));
}

const objectRead = ({ uri, size, at }: ObjectUri & { readonly at: Micros }): TracedRequest => ({
  arrival: at,
  duration: 0,
  method: "GET",
  uri,
  client: "",
  agent: null,
  status: 200,
  size,
  range: null,
});

function nativeText({ arrival, size, range, ...request }: TracedRequest): string {
  const { method, uri, client, agent, status, duration } = request;
  return `${JSON.stringify({
    "http.request.duration": duration,
    "http.request.method": method,
    "http.request.remoteaddr": client,
    "http.request.uri": uri,
    ...(agent === null ? {} : { "http.request.useragent": agent }),
    "http.response.status": status,
    ...(size === null ? {} : { "http.response.written": size }),
    timestamp: timeText(arrival),
    ...(range === null ? {} : { [RANGE_KEY]: range }),
  })}\n`;
}
