import { createHash } from "node:crypto";
import { ContentSource, type ContentSpec, contentDigest } from "../src/registry/content.ts";
import type { Bench } from "./bench.ts";
import { cpuSeconds, resultOf } from "./measure.ts";

const CHUNK_BYTES = 256 * 1024;
const specOf = (size: number, random: boolean): ContentSpec => ({
  seed: 0,
  key: "v2/64431afe/eec8974d/blobs/793c8a2b",
  size,
  random,
});

/** Reads a body as an upload does. Returns how many bytes there were. */
function readAll(spec: ContentSpec, into: (chunk: Buffer) => void): number {
  const source = new ContentSource(spec);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  for (let piece = source.read(chunk); piece.length > 0; piece = source.read(chunk)) {
    into(piece);
    bytes += piece.length;
    source.free();
  }
  return bytes;
}

function cpuPerGigabyte(size: number, work: () => void): number {
  const before = cpuSeconds();
  work();
  return ((cpuSeconds() - before) * 1e9) / size;
}

export const bench: Bench = {
  name: "content",
  question: "What does it cost to make the body of an upload, and to know its digest beforehand?",
  topology: `
    one thread: seed, key, size --- AES-128-CTR or zeros ---> 256 KiB chunks
                the same ---> SHA-256`,
  async run({ quick }) {
    const size = (quick ? 64 : 512) << 20;
    const making: number[] = [];
    const digesting: number[] = [];
    const plain: number[] = [];
    for (let round = 0; round < (quick ? 3 : 5); round++) {
      const random = specOf(size, true);
      making.push(cpuPerGigabyte(size, () => readAll(random, () => undefined)));
      digesting.push(cpuPerGigabyte(size, () => contentDigest(random)));
      plain.push(cpuPerGigabyte(size, () => contentDigest(specOf(size, false))));
    }
    check(specOf(size, true));
    return [
      resultOf({ metric: "random content", unit: "CPU s/GB" }, making),
      resultOf({ metric: "digest of random content", unit: "CPU s/GB" }, digesting),
      resultOf({ metric: "digest of plain content", unit: "CPU s/GB" }, plain),
    ];
  },
};

function check(spec: ContentSpec): void {
  const digest = createHash("sha256");
  const bytes = readAll(spec, (chunk) => digest.update(chunk));
  if (bytes !== spec.size || !digest.digest().equals(contentDigest(spec)))
    throw new Error(`${bytes} bytes were made of ${spec.size}, or with another digest`);
}
