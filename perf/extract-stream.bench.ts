import { statSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mysql2";
import {
  type OpenNova,
  openNova,
  readInstances,
} from "../src/extract/instances/instance-extraction.ts";
import type { InstanceEvent } from "../src/extract/nova-event.ts";
import { openInstanceTrace } from "../src/extract/output/instance-trace.ts";
import type { RowSink } from "../src/extract/row-sink.ts";
import type { SortOrder, TracePlan } from "../src/extract/trace-plan.ts";
import type { MariaDb } from "../test/fakes/mariadb.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { dropRows } from "./drop-rows.ts";
import { cpuSeconds, interleave, resultOf } from "./measure.ts";
import { novaServer, readingOptions, storedNova } from "./nova-database.ts";

const HIGH_WATER_MARK = 1000;
const RAW = "mysql2 stream";
const RAW_ALONG = "mysql2 stream along the actions";
const RAW_ORDERED = "mysql2 stream, ORDER BY";

/** The statement as the command sends it, or what a server that sorts would be sent. */
const RAW_OF: Readonly<Record<string, string>> = {
  "trace, --sort id": RAW_ALONG,
  "trace, --sort created": RAW_ORDERED,
};

const plan = (output: string, sort: SortOrder): TracePlan => ({
  output,
  standardOutput: process.stdout,
  version: "v0.2",
  format: "csv",
  quoting: "minimal",
  sort,
  epoch: Date.UTC(2015, 8, 17) * 1000,
  masking: { method: "hmac-sha256", key: Buffer.alloc(32, 7), random: false },
  uuidShape: false,
  time: { base: "absolute", shift: { kind: "none" }, roundMs: 0 },
  memoryBytes: 256 << 20,
  allowLeaks: [],
  minK: 0,
  report: undefined,
  keepPartial: false,
  verify: undefined,
  commandLine: [],
  toolVersion: "bench",
  notice: () => {},
});

/** The client library alone: rows as arrays, counted and dropped. */
function rawRows(
  { socket }: MariaDb,
  { sql, values }: OpenNova["statements"][number],
): Promise<number> {
  const connection = createConnection({
    socketPath: socket,
    user: "root",
    charset: "utf8mb4",
    dateStrings: true,
  });
  return new Promise<number>((resolve, reject) => {
    let rows = 0;
    const stream = connection
      .query({ sql, values: [...values], rowsAsArray: true })
      .stream({ highWaterMark: HIGH_WATER_MARK });
    stream.on("data", () => {
      rows++;
    });
    stream.on("error", reject);
    stream.on("end", () => resolve(rows));
  }).finally(() => connection.destroy());
}

async function extracted(
  server: MariaDb,
  sink: RowSink<InstanceEvent>,
  alongActions = false,
): Promise<number> {
  const options = readingOptions(server.socket, alongActions);
  const nova = await openNova(options);
  try {
    const source = await readInstances(nova, { options, sink });
    await sink.finish(source);
    return source.rowsRead;
  } finally {
    await nova.database.close();
  }
}

/** By variant; the first run of each is the uncounted one. */
type Runs = { [variant: string]: Measured[] };
type Measured = { readonly seconds: number; readonly cpu: number };

async function measured(rows: number, run: () => Promise<number>): Promise<Measured> {
  const [started, cpu] = [performance.now(), cpuSeconds()];
  const found = await run();
  if (found !== rows) throw new Error(`read ${found} rows, expected ${rows}`);
  return { seconds: (performance.now() - started) / 1000, cpu: cpuSeconds() - cpu };
}

export const bench: Bench = {
  name: "extract-stream",
  question: "How many rows of Nova per second, against the client library's own stream of them?",
  topology: `
    MariaDB --socket--> mysql2 stream of arrays -------------------------------> count   plain, along the actions, ORDER BY
    MariaDB --socket--> mysql2 - instance events ------------------------------> nowhere
    MariaDB --socket--> mysql2 - instance events - mask - CSV - sort - checks -> file`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const server = await novaServer();
    try {
      const rows = quick ? 50_000 : 1_000_000;
      server.sql(storedNova(rows));
      return await figures(server, { rows, rounds: quick ? 2 : 5, tmp });
    } finally {
      await server.stop();
    }
  },
};

async function figures(
  server: MariaDb,
  { rows, rounds, tmp }: { rows: number; rounds: number; tmp: string },
): Promise<BenchResult[]> {
  const statementOf = async (alongActions: boolean): Promise<OpenNova["statements"][number]> => {
    const probe = await openNova(readingOptions(server.socket, alongActions));
    await probe.database.close();
    return probe.statements[0] as OpenNova["statements"][number];
  };
  const statement = await statementOf(false);
  const along = await statementOf(true);
  const ordered = {
    ...statement,
    sql: `${statement.sql}\nORDER BY a.created_at, a.id, e.id`,
  };
  const output = join(tmp, "trace.csv");
  const runs: Runs = {};
  const variant = (name: string, run: () => Promise<number>) => async (): Promise<number> => {
    const one = await measured(rows, run);
    runs[name] = [...(runs[name] ?? []), one];
    return one.seconds;
  };
  await interleave(rounds, {
    raw: variant(RAW, () => rawRows(server, statement)),
    source: variant("source", () => extracted(server, dropRows)),
    none: variant("trace, --sort none", async () =>
      extracted(server, await openInstanceTrace(plan(output, "none"))),
    ),
    rawAlong: variant(RAW_ALONG, () => rawRows(server, along)),
    id: variant("trace, --sort id", async () =>
      extracted(server, await openInstanceTrace(plan(output, "id")), true),
    ),
    rawOrdered: variant(RAW_ORDERED, () => rawRows(server, ordered)),
    created: variant("trace, --sort created", async () =>
      extracted(server, await openInstanceTrace(plan(output, "created")), true),
    ),
  });
  if (statSync(output).size < rows * 100) throw new Error("the trace is too short");
  // The first run of each is the uncounted one.
  const counted = Object.entries(runs).map(([name, all]) => [name, all.slice(1)] as const);
  const rawFor = (metric: string): string => RAW_OF[metric] ?? RAW;
  const isRaw = (metric: string): boolean => [RAW, RAW_ALONG, RAW_ORDERED].includes(metric);
  return counted.flatMap(([metric, all]) => [
    resultOf(
      { metric, unit: "rows/s" },
      all.map(({ seconds }) => rows / seconds),
    ),
    resultOf(
      { metric, unit: "CPU s/1M" },
      all.map(({ cpu }) => (cpu * 1e6) / rows),
    ),
    ...(isRaw(metric) ? [] : [ratioToRaw(metric, all, { name: rawFor(metric), runs })]),
  ]);
}

/** Rows per second against those of the client library in the same round. */
const ratioToRaw = (
  metric: string,
  all: readonly Measured[],
  { name, runs }: { name: string; runs: Runs },
): BenchResult =>
  resultOf(
    { metric: `${metric} over ${name}`, unit: "x rows/s" },
    all.map(({ seconds }, round) => (runs[name]?.[round + 1]?.seconds ?? Number.NaN) / seconds),
  );
