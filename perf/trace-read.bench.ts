import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { random } from "../src/core/random.ts";
import { SENTINEL_BYTES } from "../src/trace/json-object.ts";
import { JsonScanner } from "../src/trace/json-scanner.ts";
import { readNumber } from "../src/trace/number-text.ts";
import { openTrace } from "../src/trace/open-trace.ts";
import { Field, Shape } from "../src/trace/raw-record.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { interleave, resultOf } from "./measure.ts";

const WINDOW_BYTES = 2 << 20;
const READ_BYTES = 1 << 20;
const START = Date.UTC(2017, 5, 20);
const SECONDS = 86_400;

/** What both readers must find. */
type Answer = { readonly records: number; readonly sizes: number };

/** Writes a trace of native records in random order of time: half blobs, some pings, a few escaped user agents. */
function writeTrace(path: string, bytes: number): Answer {
  const draw = random("trace-read");
  const hex = () =>
    draw
      .integer(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const file = openSync(path, "w");
  let written = 0;
  let records = 0;
  let sizes = 0;
  while (written < bytes) {
    const batch: string[] = [];
    for (let i = 0; i < 1000; i++) {
      const ping = draw.integer(10) < 3;
      const size = ping ? 0 : 1 + draw.integer(100_000_000);
      const record = {
        host: hex(),
        "http.request.duration": draw.integer(4_000_000_000) / 1e9,
        "http.request.method": "GET",
        "http.request.remoteaddr": hex(),
        "http.request.uri": ping ? "v2" : `v2/${hex()}/${hex()}/blobs/${hex()}`,
        "http.request.useragent": `docker/17.03.1-ce go/go1.7.5 git-commit/${hex()} kernel/4.4.0-78-generic os/linux arch/amd64 UpstreamClient(Docker-Client/17.03.1-ce ${i % 4 === 0 ? "\\(linux\\)" : "linux"})`,
        "http.response.status": 200,
        "http.response.written": size,
        id: `${hex()}00`,
        timestamp: new Date(START + draw.integer(SECONDS * 1000)).toISOString(),
      };
      batch.push(`${records === 0 ? "[" : ","}${JSON.stringify(record)}`);
      records++;
      sizes += size;
    }
    written += writeSync(file, batch.join(""));
  }
  writeSync(file, "]");
  closeSync(file);
  return { records, sizes };
}

/** The scanner alone: every record is found and its size is read. */
function scanWhole(path: string): Answer {
  let records = 0;
  let sizes = 0;
  const scanner = new JsonScanner(
    {
      take(raw) {
        records++;
        if (raw.shapeOf(Field.written) === Shape.absent) return;
        const from = raw.from[Field.written] as number;
        sizes += readNumber(raw.buffer, from, raw.to[Field.written] as number);
      },
      broken(reason, place) {
        throw new Error(`${reason} at byte ${place.offset}`);
      },
    },
    "json",
    0,
  );
  const buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES + SENTINEL_BYTES);
  const file = openSync(path, "r");
  let length = 0;
  for (;;) {
    const got = readSync(file, buffer, length, READ_BYTES, null);
    if (got === 0) break;
    length += got;
    const consumed = scanner.scan(buffer, length);
    buffer.copyWithin(0, consumed, length);
    length -= consumed;
  }
  closeSync(file);
  scanner.finish(buffer, length, undefined);
  return { records, sizes };
}

function parseWhole(path: string): Answer {
  const parsed: { "http.response.written": number }[] = JSON.parse(readFileSync(path, "utf8"));
  const sizes = parsed.reduce((sum, record) => sum + record["http.response.written"], 0);
  return { records: parsed.length, sizes };
}

/** Reading, sorting and merging: what a replay waits for, and then draws from. */
async function openWhole(path: string, tmpDir: string): Promise<Answer> {
  const include = ["blob:GET", "ping"] as const;
  const stream = await openTrace({ traces: [path], include, tmpDir });
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

async function secondsOf(expected: Answer, read: () => Answer | Promise<Answer>): Promise<number> {
  const started = performance.now();
  const found = await read();
  const seconds = (performance.now() - started) / 1000;
  if (found.records !== expected.records || found.sizes !== expected.sizes) {
    throw new Error(
      `found ${found.records} records of ${found.sizes} bytes, expected ${expected.records} of ${expected.sizes}`,
    );
  }
  return seconds;
}

export const bench: Bench = {
  name: "trace-read",
  question: "How fast is a trace read, against JSON.parse of the whole file?",
  topology: `
    file --- scanner ----------------------------------------> count, sum of sizes
    file --- JSON.parse -------------------------------------> count, sum of sizes
    file --- scanner - intake - sort - spill files - merge --> count, sum of sizes, order`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const path = join(tmp, "trace.json");
    const expected = writeTrace(path, quick ? 20e6 : 120e6);
    const megabytes = statSync(path).size / 1e6;
    const seconds = await interleave(quick ? 3 : 7, {
      scan: () => secondsOf(expected, () => scanWhole(path)),
      "JSON.parse": () => secondsOf(expected, () => parseWhole(path)),
      "open and merge": () => secondsOf(expected, () => openWhole(path, tmp)),
    });
    const rates = Object.entries(seconds).flatMap(([metric, values]) => [
      resultOf(
        { metric, unit: "MB/s" },
        values.map((one) => megabytes / one),
      ),
      resultOf(
        { metric, unit: "records/s" },
        values.map((one) => expected.records / one),
      ),
    ]);
    const ratio = (way: "scan" | "open and merge") =>
      seconds["JSON.parse"].map((one, round) => one / (seconds[way][round] as number));
    return [
      ...rates,
      resultOf({ metric: "scan over JSON.parse", unit: "x" }, ratio("scan")),
      resultOf({ metric: "open and merge over JSON.parse", unit: "x" }, ratio("open and merge")),
    ];
  },
};
