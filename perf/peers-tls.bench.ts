// drayage load and wrk on the same nginx over TLS, in turn: small requests, and large bodies.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { hold, perGb, perMillion } from "./contest.ts";
import { BLOB_BYTES, BLOB_PATH, makeCertificate, SMALL_PATH, startNginx } from "./nginx.ts";
import { drayageWith, wrk } from "./peer.ts";

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const files = makeCertificate(tmp);
  const nginx = await startNginx(tmp, files);
  // wrk takes any certificate; ours is checked when a connection is made.
  const ours = drayageWith("drayage load", "--ca", files.certificate);
  const common = { ours, rounds: quick ? 1 : 3, served: nginx.requests, cwd: tmp };
  try {
    const small = await hold({
      ...common,
      what: "TLS, GET of 600 bytes",
      rivals: [{ peer: wrk, bar: 1.6 }],
      load: { url: `${nginx.origin}${SMALL_PATH}`, connections: 64, seconds: quick ? 3 : 15 },
      unit: "CPU s/1M",
      cost: perMillion,
    });
    const blobs = await hold({
      ...common,
      what: "TLS, 10 MiB",
      rivals: [{ peer: wrk }],
      load: { url: `${nginx.origin}${BLOB_PATH}`, connections: 4, seconds: quick ? 3 : 10 },
      unit: "CPU s/GB",
      cost: perGb(BLOB_BYTES),
    });
    return [...small, ...blobs];
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "peers-tls",
  question: "what do a small request and a GB of blobs cost over TLS, beside wrk?",
  topology: `
    drayage load, wrk, in turn   -- TLS 1.3, 64 or 4 connections -->  nginx, one worker
    measured: processor time of the program, by the system; checked: nginx's count of requests`,
  run,
};
