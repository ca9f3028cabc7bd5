// drayage load with two request worker threads beside itself with one: does a request cost more when threads are two?
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { hold, perMillion } from "./contest.ts";
import { SMALL_PATH, startNginx } from "./nginx.ts";
import { drayageWith } from "./peer.ts";

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  const one = drayageWith("one worker", "--workers", "1");
  const two = drayageWith("two workers", "--workers", "2");
  try {
    return await hold({
      what: "GET of 600 bytes",
      ours: two,
      rivals: [{ peer: one, bar: 1.05 }],
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
  name: "peers-workers",
  question:
    "does a request cost more processor time with two request worker threads than with one?",
  topology: `
    drayage load --workers 1, --workers 2, in turn   -- 64 connections in all -->  nginx, one worker
    measured: processor time of the program, by the system; checked: nginx's count of requests`,
  run,
};
