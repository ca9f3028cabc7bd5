// Reads a trace once in one of the ways that the trace-read bench compares, in a process of its own, whose memory then is
// what that way takes. Prints what it found and what it cost as JSON.
//
//   node trace-reading.ts scan|parse|open|ring TRACE FOLDER
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { allocateRing, RingProducer } from "../src/ring/record-ring.ts";
import { ByteMap } from "../src/trace/byte-map.ts";
import { SENTINEL_BYTES } from "../src/trace/json-object.ts";
import { JsonScanner } from "../src/trace/json-scanner.ts";
import { readNumber } from "../src/trace/number-text.ts";
import { openTrace } from "../src/trace/open-trace.ts";
import { Field, type RawRecord, Shape } from "../src/trace/raw-record.ts";
import type { OpenTraceOptions } from "../src/trace/trace-options.ts";
import { readUriMap } from "../src/trace/uri-map.ts";
import type { RunFeedPlan } from "../src/workers/feed-plan.ts";
import { OperationFeed } from "../src/workers/feeder/operation-feed.ts";
import { RunSource } from "../src/workers/feeder/run-source.ts";
import { allocateOrders, RunOrders } from "../src/workers/run-orders.ts";
import type { TraceContent } from "./native-trace.ts";

export type TraceWay = "scan" | "parse" | "open" | "ring";

/** Seconds are of this thread: on the clock, and of the processor. */
export type TraceReading = TraceContent & {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Largest resident memory of the process; 0 where the system does not tell. */
  readonly peakBytes: number;
};

const WINDOW_BYTES = 2 << 20;
const READ_BYTES = 1 << 20;
/** A string ends at 512 MiB: JSON.parse gets a large file in pieces. */
const PIECE_BYTES = 120e6;
const RING_BYTES = 1 << 20;

const [, , way, path = "", folder = ""] = process.argv;

const trace: OpenTraceOptions = {
  traces: [path],
  include: ["blob:GET", "ping"],
  texts: "addresses",
  tmpDir: folder,
};

/** The scanner alone: every record is found and its size is read. */
function scan(): TraceContent {
  let records = 0;
  let sizes = 0;
  const take = (raw: RawRecord): void => {
    records++;
    if (raw.shapeOf(Field.written) === Shape.absent) return;
    const from = raw.from[Field.written] as number;
    sizes += readNumber(raw.buffer, from, raw.to[Field.written] as number);
  };
  const broken = (reason: string, place: { readonly offset: number }): never => {
    throw new Error(`${reason} at byte ${place.offset}`);
  };
  const scanner = new JsonScanner({ take, broken }, "json", 0);
  const file = openSync(path, "r");
  const buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES + SENTINEL_BYTES);
  let length = 0;
  for (;;) {
    const room = Math.min(READ_BYTES, WINDOW_BYTES - length);
    const got = readSync(file, buffer, length, room, null);
    if (got === 0) break;
    length += got;
    const consumed = scanner.scan(buffer, length);
    buffer.copyWithin(0, consumed, length);
    length -= consumed;
  }
  scanner.finish(buffer, length, undefined);
  closeSync(file);
  return { records, sizes };
}

function parse(): TraceContent {
  const whole = readFileSync(path);
  let records = 0;
  let sizes = 0;
  for (let from = 1; from < whole.length; ) {
    const comma = whole.lastIndexOf(",{", from + PIECE_BYTES);
    const to = comma <= from || from + PIECE_BYTES >= whole.length ? whole.length - 1 : comma;
    const text = `[${whole.toString("utf8", from, to)}]`;
    const parsed: { "http.response.written": number }[] = JSON.parse(text);
    sizes += parsed.reduce((sum, record) => sum + record["http.response.written"], 0);
    records += parsed.length;
    from = to + 1;
  }
  return { records, sizes };
}

/** Reading, sorting and merging. */
async function open(): Promise<TraceContent> {
  const stream = await openTrace(trace);
  let sizes = 0;
  let records = 0;
  let before = 0;
  while (stream.next()) {
    records++;
    sizes += stream.view.size;
    if (stream.delayUs < before) throw new Error(`record ${stream.seq} is out of order`);
    before = stream.delayUs;
  }
  stream.close();
  return { records, sizes };
}

const planOf = (map: string): RunFeedPlan => ({
  kind: "run",
  trace,
  endpoints: [
    {
      style: { hostHeader: "127.0.0.1:5000", userAgent: "drayage/bench", keepAlive: true },
      pathPrefix: "",
      namePrefix: "",
    },
  ],
  seed: "0",
  random: true,
  identity: "uri",
  repository: "single",
  manifests: "blob",
  threads: 1,
  map,
  unmapped: "error",
  wait: true,
  speed: 1,
  nodes: 1,
  route: false,
  slots: 0,
  sessions: false,
  registryChoice: "random",
  verify: true,
  runId: "bench",
  dryRun: false,
});

/** All that the feeder of a run does, from the bytes of the file to operations in a ring that another thread drains. */
async function feedRing(): Promise<() => Promise<TraceContent>> {
  const memory = allocateRing(RING_BYTES);
  const drain = new Worker(new URL("./ring-drain.ts", import.meta.url), { workerData: memory });
  const found = new Promise<TraceContent & { inOrder: boolean }>((resolve, reject) => {
    drain.once("message", resolve).once("error", reject);
  });
  const plan = planOf(join(folder, "map.json"));
  const map = readUriMap(plan.map);
  const stream = await openTrace(trace);
  const orders = new RunOrders(allocateOrders(1));
  const feed = new OperationFeed([new RingProducer(memory)], orders, () => undefined);
  const listeners = {
    skipped: (_record: unknown, seq: number, reason: string) => {
      throw new Error(`record ${seq} was skipped: ${reason}`);
    },
    planned: () => undefined,
    due: () => undefined,
    isCut: () => false,
  };
  new RunSource(plan, { map, movedTags: new ByteMap() }, listeners, feed).run(stream);
  feed.close();
  stream.close();
  return async () => {
    const { records, sizes, inOrder } = await found;
    if (!inOrder) throw new Error("the operations are out of order");
    return { records, sizes };
  };
}

const ways: Record<
  TraceWay,
  () => TraceContent | Promise<TraceContent | (() => Promise<TraceContent>)>
> = {
  scan,
  parse,
  open,
  ring: feedRing,
};

function peakBytes(): number {
  if (process.platform !== "linux") return 0;
  const [, kilobytes = "0"] =
    /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

const run = ways[way as TraceWay];
const started = performance.now();
const before = process.threadCpuUsage();
const outcome = await run();
const { user, system } = process.threadCpuUsage(before);
const seconds = (performance.now() - started) / 1000;
const content = typeof outcome === "function" ? await outcome() : outcome;
const reading: TraceReading = {
  ...content,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  peakBytes: peakBytes(),
};
console.log(JSON.stringify(reading));
