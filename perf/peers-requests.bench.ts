// drayage load beside every load generator that is installed, on the same nginx, in turn: small requests.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { hold, perMillion } from "./contest.ts";
import { SMALL_PATH, startNginx } from "./nginx.ts";
import { ab, autocannon, drayage, h2load, hey, undici, wrk } from "./peer.ts";

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  try {
    return await hold({
      what: "GET of 600 bytes",
      ours: drayage,
      rivals: [
        { peer: wrk, bar: 1.4 },
        { peer: h2load },
        { peer: ab },
        { peer: undici, bar: 0.6 },
        { peer: autocannon, bar: 0.5 },
        { peer: hey, bar: 0.35 },
      ],
      load: { url: `${nginx.origin}${SMALL_PATH}`, connections: 64, seconds: quick ? 3 : 15 },
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
  name: "peers-requests",
  question:
    "what does a small request cost beside the load generators that people use, whole process from start to exit?",
  topology: `
    drayage load, wrk, h2load, ab, hey, autocannon,   -- GET, 64 connections -->  nginx, one worker
    undici dispatch, in turn                          <- 200, 600 bytes ---
    measured: processor time of the program, by the system; checked: nginx's count of requests`,
  run,
};
