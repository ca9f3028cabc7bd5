import { closeSync, createReadStream, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { verbs } from "../src/cli/commands.ts";
import { dispatch } from "../src/cli/dispatch.ts";
import { readDistributionLine } from "../src/extract/registry-log/distribution-log.ts";
import { logLines } from "../src/extract/registry-log/log-lines.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { interleave, resultOf } from "./measure.ts";

const BLOBS = 20_000;
const REPOSITORIES = 500;
const CLIENTS = 2000;
const LINES_PER_WRITE = 1000;

/** A line as distribution logs it: a GET of a blob. */
function logLine(number: number): string {
  const blob = (number * 7919) % BLOBS;
  return `${JSON.stringify({
    "go.version": "go1.24.4",
    "http.request.host": "registry.corp.example:5000",
    "http.request.id": `c9bc2056-0000-4000-8000-${number.toString(16).padStart(12, "0")}`,
    "http.request.method": "GET",
    "http.request.remoteaddr": `10.0.${(number % CLIENTS) >> 8}.${number % 256}:${40_000 + (number % 9000)}`,
    "http.request.uri": `/v2/team-${blob % 40}/service-${blob % REPOSITORIES}/blobs/sha256:${blob.toString(16).padStart(64, "5")}`,
    "http.request.useragent":
      "docker/20.10.24 go/go1.19 git-commit/5d6db84 kernel/6.1.0-13-amd64 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24 \\(linux\\))",
    "http.response.contenttype": "application/octet-stream",
    "http.response.duration": `${1 + (number % 900)}.${String(number % 1000).padStart(3, "0")}ms`,
    "http.response.status": 200,
    "http.response.written": 1000 + blob,
    level: "info",
    msg: "response completed",
    time: new Date(1_700_000_000_000 + number * 7).toISOString(),
  })}\n`;
}

function writeLog(path: string, lines: number): void {
  const file = openSync(path, "w");
  for (let from = 0; from < lines; from += LINES_PER_WRITE)
    writeSync(
      file,
      Array.from({ length: LINES_PER_WRITE }, (_, at) => logLine(from + at)).join(""),
    );
  closeSync(file);
}

/** Hands each line to `take` and returns the seconds it took. */
async function eachLine(
  path: string,
  { lines, take }: { lines: number; take: (line: string) => boolean },
): Promise<number> {
  const started = performance.now();
  let taken = 0;
  for await (const piece of logLines(createReadStream(path)))
    for (const line of piece) if (line !== undefined && line !== "" && take(line)) taken++;
  if (taken !== lines) throw new Error(`took ${taken} lines, expected ${lines}`);
  return (performance.now() - started) / 1000;
}

/** The whole command, in this process. */
async function extracted(log: string, output: string): Promise<number> {
  const started = performance.now();
  const silence = new Writable({ write: (_piece, _encoding, done) => done() });
  const terminal = { out: silence, err: silence, env: {} };
  const exit = await dispatch(["extract", "registry-log", log, "-o", output], { verbs, terminal });
  if (exit !== 0) throw new Error(`extract ended with ${exit}`);
  return (performance.now() - started) / 1000;
}

export const bench: Bench = {
  name: "extract-registry-log",
  question: "How many lines of distribution's log per second, against JSON.parse of each line?",
  topology: `
    file --- lines --- JSON.parse ------------------------------> count
    file --- lines --- entries ---------------------------------> count
    file --- lines --- entries - mask - sort - JSON - checks ---> file`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const lines = quick ? 20_000 : 300_000;
    const [log, output] = [join(tmp, "registry.log"), join(tmp, "trace.json")];
    writeLog(log, lines);
    const runs = await interleave(quick ? 2 : 5, {
      parsed: () => eachLine(log, { lines, take: (line) => JSON.parse(line) !== null }),
      entries: () =>
        eachLine(log, { lines, take: (line) => readDistributionLine(line).kind === "entry" }),
      trace: () => extracted(log, output),
    });
    if (statSync(output).size < lines * 100) throw new Error("the trace is too short");
    const rate = (metric: string, seconds: readonly number[]): BenchResult =>
      resultOf(
        { metric, unit: "lines/s" },
        seconds.map((each) => lines / each),
      );
    const ratio = (metric: string, seconds: readonly number[]): BenchResult =>
      resultOf(
        { metric: `${metric} over JSON.parse`, unit: "x lines/s" },
        seconds.map((each, round) => (runs.parsed[round] ?? Number.NaN) / each),
      );
    return [
      rate("JSON.parse", runs.parsed),
      rate("entries", runs.entries),
      ratio("entries", runs.entries),
      rate("the whole trace", runs.trace),
      ratio("the whole trace", runs.trace),
    ];
  },
};
