// drayage load with two request worker threads beside itself with one: does a request cost more when threads are two? And wrk
// the same way: threads and server share the machine, which costs whoever has two threads.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type Contest, hold, perMillion } from "./contest.ts";
import { SMALL_PATH, startNginx } from "./nginx.ts";
import { drayageWith, wrkWith } from "./peer.ts";

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  const one = drayageWith("one worker", "--workers", "1");
  const two = drayageWith("two workers", "--workers", "2");
  const common: Omit<Contest, "ours" | "rivals"> = {
    what: "GET of 600 bytes",
    load: { url: `${nginx.origin}${SMALL_PATH}`, connections: 64, seconds: quick ? 3 : 15 },
    rounds: quick ? 1 : 3,
    unit: "CPU s/1M",
    cost: perMillion,
    served: nginx.requests,
    cwd: tmp,
  };
  try {
    const ours = await hold({ ...common, ours: two, rivals: [{ peer: one, bar: 1.05 }] });
    const rivals = [{ peer: wrkWith("wrk -t1", 1) }];
    const theirs: Contest = {
      ...common,
      ours: wrkWith("wrk -t2", 2),
      rivals,
      measuresStart: false,
    };
    return [...ours, ...(await hold(theirs))];
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "peers-workers",
  question:
    "does a request cost more processor time with two request worker threads than with one?",
  topology: `
    drayage load --workers 1, --workers 2; wrk -t1, -t2, in turn   -- 64 connections in all -->  nginx, one worker
    measured: processor time of the program, by the system; checked: nginx's count of requests`,
  run,
};
