// drayage load beside other load generators, on the same nginx, in turn: large bodies, thrown away or hashed.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type Contest, hold, perGb } from "./contest.ts";
import { BLOB_BYTES, BLOB_PATH, startNginx } from "./nginx.ts";
import {
  autocannon,
  drayage,
  drayageWith,
  h2load,
  hey,
  undici,
  undiciHashing,
  wrk,
} from "./peer.ts";

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  const common: Omit<Contest, "what" | "ours" | "rivals"> = {
    load: { url: `${nginx.origin}${BLOB_PATH}`, connections: 4, seconds: quick ? 3 : 10 },
    rounds: quick ? 1 : 3,
    unit: "CPU s/GB",
    cost: perGb(BLOB_BYTES),
    served: nginx.requests,
    cwd: tmp,
  };
  try {
    const discarded = await hold({
      ...common,
      what: "10 MiB",
      ours: drayage,
      rivals: [
        { peer: wrk, bar: 0.6 },
        { peer: hey },
        { peer: h2load },
        { peer: undici },
        { peer: autocannon },
      ],
    });
    const hashed = await hold({
      ...common,
      what: "10 MiB hashed",
      ours: drayageWith("drayage load --verify", "--verify"),
      rivals: [{ peer: undiciHashing, bar: 0.5 }],
    });
    return [...discarded, ...hashed];
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "peers-blobs",
  question:
    "what does a GB of blobs cost beside other load generators, thrown away, and with its SHA-256?",
  topology: `
    drayage load, wrk, hey, h2load, undici dispatch,   -- GET, 4 connections -->  nginx, one worker
    autocannon, in turn                                <- 200, 10 MiB ---
    measured: processor time of the program, by the system; checked: nginx's count of requests`,
  run,
};
