// A replay by the real engine, as the command line starts it: feeder thread, one request worker thread, results on this
// thread. Only the report is left out.
import { createHash } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ResultRows } from "../src/cli/replay/result-rows.ts";
import type { ClientSpec } from "../src/registry/client-spec.ts";
import type { HeadStyle } from "../src/registry/request-head.ts";
import type { ClassFigures } from "../src/stats/figures.ts";
import type { ThreadHealth } from "../src/stats/tally.ts";
import { TallyReader } from "../src/stats/tally-reader.ts";
import { nativeLine } from "../src/trace/native-record.ts";
import { UriMapWriter } from "../src/trace/uri-map-writer.ts";
import { ReceiveBytes } from "../src/wire/thread-wire.ts";
import type { OutcomeKeeper } from "../src/workers/collector/outcome-drain.ts";
import { RowFile } from "../src/workers/collector/row-file.ts";
import { Engine, type EnginePlan } from "../src/workers/engine.ts";
import type { ObjectPlan } from "../src/workers/feed-plan.ts";

const START = Date.UTC(2017, 5, 20);
const userAgent =
  "docker/17.03.1-ce go/go1.7.5 git-commit/c6d412e kernel/4.4.0-78-generic os/linux arch/amd64 UpstreamClient(Docker-Client/17.03.1-ce \\(linux\\))";

export type SyntheticTrace = {
  readonly path: string;
  /** Distinct URIs; URI n is asked for by the records n, n + uris, n + 2 uris, … */
  readonly uris: number;
  readonly records: number;
  /** Bytes of the body behind URI n. */
  readonly bytesOf: (uri: number) => number;
};

const uriOf = (number: number): string =>
  `v2/64431afe/eec8974d/blobs/${(Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0")}`;

/** A trace in the native format, one GET of a blob every millisecond. */
export function writeTrace({ path, uris, records, bytesOf }: SyntheticTrace): void {
  const lines: string[] = [];
  for (let record = 0; record < records; record++) {
    lines.push(
      nativeLine({
        host: "dd2a1e3f",
        duration: 0.012,
        method: "GET",
        client: `client${record % 1000}`,
        uri: uriOf(record % uris),
        userAgent,
        status: 200,
        written: bytesOf(record % uris),
        id: `${record.toString(16).padStart(10, "0")}`,
        end: START + record,
      }),
    );
  }
  writeFileSync(path, `[${lines.join(",\n")}]`);
}

/** A map in which every URI stands for the same body. */
export function writeMap(path: string, { uris }: SyntheticTrace, body: Buffer): void {
  const digest = createHash("sha256").update(body).digest();
  const writer = new UriMapWriter(path);
  for (let uri = 0; uri < uris; uri++) writer.add(Buffer.from(uriOf(uri)), digest);
  writer.close();
}

const styleOf = (origin: string): HeadStyle => ({
  hostHeader: new URL(origin).host,
  userAgent: "drayage/bench",
  keepAlive: true,
});

const clientOf = (origin: string): ClientSpec => ({
  endpoints: [
    {
      origin,
      pathPrefix: "",
      namePrefix: "",
      style: styleOf(origin),
      insecure: false,
      auth: { type: "none" },
    },
  ],
  timeouts: { connect: 10, firstByte: 60, idle: 60, total: 0 },
  retries: { count: 0, backoffMs: 0, on: [] },
  keepAlive: true,
  seed: "0",
  random: true,
  receiveBytes: ReceiveBytes.blobs,
});

export const objectPlanOf = (trace: SyntheticTrace, origin: string, tmp: string): ObjectPlan => ({
  trace: { traces: [trace.path], tmpDir: tmp, include: ["blob:GET"], texts: "addresses" },
  endpoints: [{ style: styleOf(origin), pathPrefix: "", namePrefix: "" }],
  seed: "0",
  random: true,
  identity: "uri",
  repository: "single",
  manifests: "blob",
  threads: 1,
});

export const enginePlanOf = (
  origin: string,
  places: number,
  feed: EnginePlan["feed"],
): EnginePlan => ({
  threads: 1,
  feed,
  client: clientOf(origin),
  limits: { places, entries: places, lanes: "none" },
  pacing: "economical",
  onTimeNs: 1e6,
  tooLateNs: 10e6,
});

/** What one run of the engine took and found. */
export type EngineCourse = {
  /** Of this process, all threads: reading, sending, results. */
  readonly cpuSeconds: number;
  /** From the first due time, when the trace has been read, to the last outcome. */
  readonly sendingSeconds: number;
  readonly figures: ClassFigures;
  readonly health: readonly ThreadHealth[];
};

/** Runs the engine to its end. Throws when anything failed. */
export async function runEngine(plan: EnginePlan, keeper: OutcomeKeeper): Promise<EngineCourse> {
  const before = process.cpuUsage();
  let startedAt = 0;
  const engine = new Engine(plan, {
    keeper,
    started: () => {
      startedAt = performance.now();
    },
    feeding: () => undefined,
  });
  await engine.run();
  const sendingSeconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  const totals = new TallyReader(engine.tallies).totals();
  const [figures] = totals.classes;
  if (figures === undefined || totals.classes.length !== 1 || figures.failed > 0)
    throw new Error(
      `the run has failures: ${JSON.stringify(totals.classes.map(({ errors }) => errors))}`,
    );
  return { cpuSeconds: (user + system) / 1e6, sendingSeconds, figures, health: totals.health };
}

/** Replays with rows of results, and counts the rows that stand in the file. */
export async function replay(
  plan: EnginePlan,
  tmp: string,
): Promise<EngineCourse & { readonly rows: number }> {
  const path = join(tmp, "results.json");
  const before = process.cpuUsage();
  const file = new RowFile(path);
  const course = await runEngine(plan, new ResultRows(file));
  await file.close();
  const { user, system } = process.cpuUsage(before);
  return { ...course, cpuSeconds: (user + system) / 1e6, rows: await rowsIn(path) };
}

async function rowsIn(path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  // One for the opening bracket; the last row ends with a line of its own as well.
  return lines - 2;
}
