import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { traceFiles } from "../../trace/trace-files.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { traceName } from "./archived-traces.ts";

/** Larger traces are not hashed: the main thread would be busy with it for seconds, beside the replay. */
const BYTES_MAX = 1024 ** 3;
/** Read at once, always into the same memory: a stream makes a buffer per read, and the collector then runs for them. */
const READ_BYTES = 1024 * 1024;

export type TraceHash = { readonly file: string; readonly sha256: string | null };

/** The trace files of a configuration, hashed beside the replay. Never rejects: what cannot be read has no hash. */
export async function hashesOfTrace({ trace }: ReplayConfig): Promise<TraceHash[]> {
  try {
    return await traceHashes(traceFiles({ location: trace.location, traces: trace.traces }));
  } catch {
    // The feeder reads the same files, and says what is wrong with them.
    return trace.traces.map((file) => ({ file, sha256: null }));
  }
}

/** SHA-256 of the trace files, as stored; null for all of them where they are larger than 1 GiB together. */
async function traceHashes(files: readonly string[]): Promise<TraceHash[]> {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (bytes > BYTES_MAX) return files.map((file) => ({ file: traceName(file), sha256: null }));
  const memory = Buffer.allocUnsafeSlow(READ_BYTES);
  const hashes: TraceHash[] = [];
  for (const file of files)
    hashes.push({ file: traceName(file), sha256: await hashOfFile(file, memory) });
  return hashes;
}

async function hashOfFile(path: string, memory: Buffer): Promise<string> {
  const hash = createHash("sha256");
  await using file = await open(path);
  for (;;) {
    const { bytesRead } = await file.read(memory);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(memory.subarray(0, bytesRead));
  }
}
