// drayage load sends bodies that it makes while it sends them, curl a file, both to the same server that throws them away.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { hold, perGb } from "./contest.ts";
import { BLOB_BYTES } from "./nginx.ts";
import { curlUploading, drayageWith } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";

const flags = ["--method", "PUT", "--body", `${BLOB_BYTES}`];
const zeros = drayageWith("drayage load", ...flags);
const random = drayageWith("drayage load --random", ...flags, "--random");

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const file = join(tmp, "blob");
  writeFileSync(file, Buffer.alloc(BLOB_BYTES, "x"));
  const sink = await ServerProcess.start("upload-responder.ts");
  const served = async (): Promise<number> => {
    const [bodies = 0, bytes] = await sink.counts();
    if (bytes !== bodies * BLOB_BYTES)
      throw new Error(`${bodies} bodies of ${BLOB_BYTES} bytes came as ${bytes} bytes`);
    return bodies;
  };
  const curl = curlUploading(file, quick ? 100 : 600);
  const common = {
    what: "uploads of 10 MiB",
    load: { url: `${sink.origin}/upload`, connections: 4, seconds: quick ? 3 : 10 },
    rounds: quick ? 1 : 3,
    unit: "CPU s/GB",
    cost: perGb(BLOB_BYTES),
    served,
    cwd: tmp,
  };
  try {
    const results = await hold({ ...common, ours: zeros, rivals: [{ peer: curl, bar: 1.5 }] });
    const others = await hold({ ...common, ours: random, rivals: [{ peer: curl }] });
    return [...results, ...others.filter(({ metric }) => metric.includes(random.name))];
  } finally {
    await sink.stop();
  }
}

export const bench: Bench = {
  name: "peers-uploads",
  question: "what does a GB of uploads cost, made while it is sent, beside curl that sends a file?",
  topology: `
    drayage load, curl, in turn   -- PUT of 10 MiB, 4 connections -->  upload responder, counts and
                                  <- 201 ---                           throws away
    measured: processor time of the program, by the system; checked: bodies and bytes that arrived`,
  run,
};
