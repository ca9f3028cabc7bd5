// What does it cost the master to deal 20,000 operations a second to eight nodes, and to have their rows and figures back?
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { NatsServer } from "../test/fakes/nats-server.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type Carrier, direct } from "./carriers.ts";
import { type SyntheticTrace, writeMap, writeTrace } from "./engine-run.ts";
import { cpuSecondsOf, resultOf } from "./measure.ts";
import { SMALL_BYTES, small, startNginx } from "./nginx.ts";
import { NodeProcesses } from "./node-processes.ts";

const NODES = 8;
const RATE = 20_000;
/** The trace has one request a millisecond. */
const SPEED = RATE / 1000;
/** Left out at both ends: compilation, and the last rows. */
const EDGE_S = 2;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const program = join(import.meta.dirname, "../bin/drayage.js");

/** How operations and rows travel. */
const ways = {
  stream: { split: "stream", rows: "along" },
  local: { split: "local", rows: "along" },
  "local, rows after": { split: "local", rows: "after" },
} as const;

type Way = keyof typeof ways;
/** Processor of master and message server, cores; lateness p99, ms. */
type Dealt = { readonly cores: number; readonly hub: number; readonly late: number };

/** JSON is YAML. */
const configuration = (
  {
    tmp,
    origin,
    nodes: { sections },
  }: { tmp: string; origin: string; nodes: Pick<NodeProcesses, "sections"> },
  way: Way,
): string =>
  JSON.stringify({
    client_info: { ...sections.client_info, wait: true, speed: SPEED, threads: 8 },
    trace: { location: tmp, traces: ["trace.json"], output: "rows.json", include: ["blob:GET"] },
    warmup: { output: `${tmp}/map.json` },
    registry: [origin.replace("http://", "")],
    run: { verify: false },
    cluster: { ...sections.cluster, ...ways[way] },
  });

/** Runs the master, and watches processor times while operations are dealt. */
async function deal(
  tmp: string,
  { seconds, records, hub }: { seconds: number; records: number; hub: NatsServer | undefined },
): Promise<Dealt> {
  const args = [program, "master", "-c", "run", "-i", "run.yaml", "--allow-invalid", "--json"];
  const running = promisify(execFile)(process.execPath, [...args, "--ui", "json"], {
    cwd: tmp,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const { pid, stderr } = running.child;
  if (pid === undefined || stderr === null) throw new Error("the master did not start");
  let progress = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    progress += text;
  });
  let ended = false;
  void running.then(
    () => (ended = true),
    () => (ended = true),
  );
  while (!/"sent":[1-9]/.test(progress) && !ended) await sleep(50);
  await sleep(EDGE_S * 1000);
  const spent = () => [cpuSecondsOf(pid), hub === undefined ? 0 : cpuSecondsOf(hub.pid)];
  const before = spent();
  const span = seconds - 2 * EDGE_S;
  await sleep(span * 1000);
  const [cores = 0, kept = 0] = spent().map((now, i) => (now - (before[i] as number)) / span);
  const says = JSON.parse((await running).stdout);
  if (says.totals.done !== records)
    throw new Error(`${records} operations were due, ${says.totals.done} are done`);
  return { cores, hub: kept, late: says.latenessNs.percentiles.p99 / 1e6 };
}

async function run({ quick, tmp }: BenchContext, carrier: Carrier): Promise<BenchResult[]> {
  const hub = await carrier.open();
  const nginx = await startNginx(tmp);
  const nodes = await NodeProcesses.start(NODES, tmp, hub);
  const seconds = quick ? 8 : 20;
  const records = RATE * seconds;
  const trace: SyntheticTrace = {
    path: join(tmp, "trace.json"),
    uris: 20_000,
    records,
    bytesOf: () => SMALL_BYTES,
  };
  writeTrace(trace);
  writeMap(join(tmp, "map.json"), trace, small);
  const rounds: Record<Way, Dealt[]> = { stream: [], local: [], "local, rows after": [] };
  try {
    for (let round = 0; round < (quick ? 1 : 3); round++)
      for (const way of Object.keys(ways) as Way[]) {
        const at = { tmp, origin: nginx.origin, nodes };
        writeFileSync(join(tmp, "run.yaml"), configuration(at, way));
        rounds[way].push(await deal(tmp, { seconds, records, hub }));
        const rows = readFileSync(join(tmp, "rows.json"), "latin1").match(/"seq":/g)?.length;
        if (rows !== records) throw new Error(`${records} operations, ${rows} rows`);
      }
  } finally {
    await nodes.stop();
    await nginx.stop();
    await hub?.stop();
  }
  const figures = (way: Way, target?: { atMost: number }): BenchResult[] => [
    resultOf(
      { metric: `split: ${way}, master's processor`, unit: "cores", ...(target && { target }) },
      rounds[way].map(({ cores }) => cores),
    ),
    ...(hub === undefined
      ? []
      : [
          resultOf(
            { metric: `split: ${way}, message server's processor`, unit: "cores" },
            rounds[way].map(({ hub: kept }) => kept),
          ),
        ]),
    resultOf(
      { metric: `split: ${way}, lateness p99`, unit: "ms" },
      rounds[way].map(({ late }) => late),
    ),
  ];
  return [
    ...figures("stream", { atMost: 0.6 }),
    ...figures("local"),
    // Nothing but figures crosses then until all requests have ended.
    ...figures("local, rows after", { atMost: 0.05 }),
  ];
}

export const masterBench = (carrier: Carrier): Bench => ({
  name: `cluster-master${carrier.suffix}`,
  question: "What does it cost to deal 20,000 operations a second to eight nodes?",
  topology: `
    drayage master, trace -> rows   --- operations --->   8 drayage client   --- GET ---> nginx, one worker
                                    <-- rows, figures --                     <- 600 bytes
    between master and nodes: ${carrier.drawn}
    measured: the master's processor time while it deals, by the system`,
  run: (context) => run(context, carrier),
});

export const bench: Bench = masterBench(direct);
