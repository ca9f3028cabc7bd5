// A registry trace as batches of an archive: an exchange per record, stamped with its end as the recording proxy does, and
// what it proves about the registry.
import { createReadStream, rmSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveItem } from "../../archive/event.ts";
import { encodeExchange, type HttpExchange } from "../../archive/exchange.ts";
import { invariant } from "../../core/errors.ts";
import { linesOf } from "../../core/lines.ts";
import { type Micros, micros } from "../../core/units.ts";
import { provenEvents } from "../../record/proxy/proof.ts";
import { RegistryImage } from "../../record/proxy/registry-image.ts";
import { exchangeClass, isDigest, registryPath } from "../../record/proxy/registry-path.ts";
import { accountLine } from "../../trace/account.ts";
import { sliceTrace } from "../../trace/conversion/slice-trace.ts";
import { rangeLength } from "../../trace/range-length.ts";
import { RANGE_KEY, type TraceKey } from "../../trace/raw-record.ts";
import { TimestampReader } from "../../trace/timestamp.ts";
import { temporaryFolder } from "../replay/archived-traces.ts";
import { interruptible } from "../trace/interruptible.ts";
import { wholeTrace } from "./export-trace.ts";

/** Exchanges under way at once; beyond these the one that ends first is written although an earlier end may follow. */
const UNDER_WAY_MAX = 100_000;

export type ImportListener = {
  /** One sentence for the user. */
  say(sentence: string): void;
  /** So many records of the input will not be in the archive. */
  missing(records: number): void;
};

type Ended = { readonly end: Micros; readonly exchange: HttpExchange };

/**
 * The records of traces of any form and order, by their ends. The time of a record is its arrival, as `archive export` writes
 * it and replays read it by default. UsageError for what is no trace; what of it was broken is said.
 */
export async function* tracedItems(
  inputs: readonly string[],
  { say, missing }: ImportListener,
): AsyncGenerator<ArchiveItem> {
  const folder = temporaryFolder(undefined);
  try {
    const output = join(folder, "sorted.ndjson");
    const form = { format: "ndjson", compression: "none" } as const;
    const { account, records } = await interruptible((signal) =>
      sliceTrace({ ...wholeTrace, inputs, output, form, tmpDir: folder, signal }),
    );
    if (account.read > records) {
      say(`not all records are sound: ${accountLine(account)}`);
      missing(account.read - records);
    }
    const image = new RegistryImage();
    for await (const { end, exchange } of byEnd(exchanges(output)))
      yield { kind: "batch", stamp: end, events: eventsOf(exchange, image) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* exchanges(path: string): AsyncGenerator<HttpExchange> {
  const times = new TimestampReader();
  for await (const line of linesOf(createReadStream(path))) {
    const record: Fields = JSON.parse(line);
    const time = Buffer.from(String(record.timestamp));
    yield exchangeOf(record, micros(times.read(time, 0, time.length)));
  }
}

/** Those that come in the order of their arrivals, in the order of their ends. */
async function* byEnd(arriving: AsyncIterable<HttpExchange>): AsyncGenerator<Ended> {
  const underWay: Ended[] = [];
  const done = (until: number): boolean =>
    underWay.length > UNDER_WAY_MAX || (underWay[0]?.end ?? Number.POSITIVE_INFINITY) <= until;
  const first = (): Ended => {
    const [ended] = underWay.splice(0, 1);
    invariant(ended !== undefined, "there is one that has ended");
    return ended;
  };
  for await (const exchange of arriving) {
    while (done(exchange.arrival)) yield first();
    const end = micros(exchange.arrival + exchange.marks.end);
    underWay.splice(placeOf(underWay, end), 0, { end, exchange });
  }
  yield* underWay;
}

/** Behind those that end no later. */
function placeOf(underWay: readonly Ended[], end: number): number {
  let [from, to] = [0, underWay.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((underWay[middle]?.end ?? 0) <= end) from = middle + 1;
    else to = middle;
  }
  return from;
}

type Fields = Readonly<Partial<Record<TraceKey | typeof RANGE_KEY, unknown>>>;

const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value);

const numberOf = (value: unknown): number | undefined =>
  value === undefined || value === null || value === "" ? undefined : Number(value);

const UPLOAD = /^(.*\/blobs\/uploads\/)([^/?]+)$/;

function exchangeOf(record: Fields, arrival: Micros): HttpExchange {
  const method = textOf(record["http.request.method"]) ?? "GET";
  const uri = textOf(record["http.request.uri"]) ?? "";
  const [path = "", query] = `${uri.startsWith("/") ? "" : "/"}${uri}`.split(/\?(.*)/s);
  const [, uploads, upload] = UPLOAD.exec(path) ?? [];
  const about = registryPath(path);
  const agent = textOf(record["http.request.useragent"]);
  return {
    arrival,
    client: textOf(record["http.request.remoteaddr"]) ?? "",
    method,
    path: uploads === undefined ? path : `${uploads}{session}`,
    ...(query === undefined ? {} : { query }),
    class: exchangeClass(method, about, { query: query ?? "", isToken: false }),
    ...(upload === undefined ? {} : { upload }),
    req_headers: {
      ...(agent === undefined ? {} : { "User-Agent": agent }),
      ...(record[RANGE_KEY] === undefined ? {} : { Range: String(record[RANGE_KEY]) }),
    },
    ...answerOf(method, record),
    ...(isDigest(about.reference) ? { digest: about.reference } : {}),
    marks: { end: Math.round((numberOf(record["http.request.duration"]) ?? 0) * 1e6) },
  };
}

const senders = ["PUT", "PATCH", "POST"];

/** A trace has one size, which is that of the body that was moved, or would have been. */
function answerOf(
  method: string,
  record: Fields,
): Pick<HttpExchange, "res_headers" | "req_bytes" | "res_bytes" | "status"> {
  const size = numberOf(record["http.response.written"]) ?? 0;
  const status = numberOf(record["http.response.status"]);
  if (senders.includes(method))
    return { res_headers: {}, req_bytes: size, res_bytes: 0, status: status ?? 201 };
  const base = { req_bytes: 0, status: status ?? 200 };
  const range = textOf(record[RANGE_KEY]);
  if (method === "HEAD")
    return { ...base, res_headers: { "Content-Length": String(size) }, res_bytes: 0 };
  if (range === undefined) return { ...base, res_headers: {}, res_bytes: size };
  const headers = { "Content-Range": `${range.replace("=", " ")}/${size}` };
  return { ...base, res_headers: headers, res_bytes: rangeLength(range, size) };
}

function eventsOf(exchange: HttpExchange, image: RegistryImage) {
  const { path } = exchange;
  const { name, reference } = registryPath(path);
  const facts = provenEvents(image, {
    exchange,
    name,
    reference,
    accept: "",
    isEncoded: false,
    uploadBytes: undefined,
  });
  return [{ kind: "exchange", path, json: encodeExchange(exchange) } as const, ...facts];
}
