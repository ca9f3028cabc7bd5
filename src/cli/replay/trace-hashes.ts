import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";

/** Larger traces are not hashed: the main thread would be busy with it for seconds, beside the replay. */
const BYTES_MAX = 1024 ** 3;

export type TraceHash = { readonly file: string; readonly sha256: string | null };

/** SHA-256 of the trace files, as stored; null for all of them where they are larger than 1 GiB together. */
export async function traceHashes(files: readonly string[]): Promise<TraceHash[]> {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (bytes > BYTES_MAX) return files.map((file) => ({ file, sha256: null }));
  const hashes: TraceHash[] = [];
  for (const file of files) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    hashes.push({ file, sha256: hash.digest("hex") });
  }
  return hashes;
}
