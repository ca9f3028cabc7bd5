// drayage run over a trace of which nothing is known beforehand, beside programs that ask for one URL: what does reading,
// sorting and keeping a row of every request cost?
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { hold, perMillion } from "./contest.ts";
import { type SyntheticTrace, writeMap, writeTrace } from "./engine-run.ts";
import { SMALL_BYTES, SMALL_PATH, small, startNginx } from "./nginx.ts";
import { drayageRunning, undici, wrk } from "./peer.ts";

const CONNECTIONS = 64;
const URIS = 20_000;

/** Bodies are thrown away, as those of the others are: `run.verify` is another question, of end-to-end-loopback. */
const configuration = (tmp: string, origin: string): string => `
client_info: { client_list: ["local:1"], wait: false, threads: ${CONNECTIONS}, route: false }
trace: { location: ${tmp}, traces: [trace.json], output: rows.json, include: ["blob:GET"] }
warmup: { output: ${tmp}/map.json }
registry: ["${origin.replace("http://", "")}"]
run: { verify: false }
`;

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  const trace: SyntheticTrace = {
    path: join(tmp, "trace.json"),
    uris: URIS,
    records: quick ? 100_000 : 1_000_000,
    bytesOf: () => SMALL_BYTES,
  };
  writeTrace(trace);
  writeMap(join(tmp, "map.json"), trace, small);
  writeFileSync(join(tmp, "run.yaml"), configuration(tmp, nginx.origin));
  try {
    return await hold({
      what: "GET of 600 bytes",
      ours: drayageRunning(join(tmp, "run.yaml"), tmp),
      rivals: [{ peer: wrk, bar: 1.6 }, { peer: undici }],
      load: {
        url: `${nginx.origin}${SMALL_PATH}`,
        connections: CONNECTIONS,
        seconds: quick ? 3 : 15,
      },
      rounds: quick ? 1 : 3,
      unit: "CPU s/1M",
      cost: perMillion,
      served: nginx.requests,
      cwd: tmp,
    });
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "peers-replay",
  question:
    "what does a replayed request cost, from the bytes of the trace to the row of results, beside load generators?",
  topology: `
    trace of 1 M records -> drayage run -> rows   -- GET, 64 connections -->  nginx, one worker
    wrk, undici dispatch, in turn                 <- 200, 600 bytes ---
    measured: processor time of the program, by the system; checked: nginx's count of requests`,
  run,
};
