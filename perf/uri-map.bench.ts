import { createHash } from "node:crypto";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { readUriMap, type UriMap } from "../src/trace/uri-map.ts";
import { UriMapWriter } from "../src/trace/uri-map-writer.ts";
import type { Bench } from "./bench.ts";
import { cpuSeconds, resultOf } from "./measure.ts";

/** Look-ups of one trace go to few URIs often; these fit into the caches, as those do. */
const HOT_URIS = 1000;
/** Per look-up; a boxed double is 12 bytes. */
const HEAP_BYTES_MAX = 0.1;

const digestOf = (number: number): Buffer => createHash("sha256").update(String(number)).digest();
const uriOf = (number: number): string =>
  `v2/64431afe/eec8974d/blobs/${(Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0")}`;

function writeMap(path: string, uris: number): void {
  const writer = new UriMapWriter(path);
  for (let number = 0; number < uris; number++)
    writer.add(Buffer.from(uriOf(number)), digestOf(number));
  writer.close();
}

/** Looks `count` URIs up in turn. Returns the sum of their entries. */
function findAll(map: UriMap, keys: readonly Buffer[], count: number): number {
  let sum = 0;
  for (let turn = 0; turn < count; turn++) {
    const key = keys[turn % keys.length] as Buffer;
    sum += map.find(key, 0, key.length);
  }
  return sum;
}

export const bench: Bench = {
  name: "uri-map",
  question: "What does it cost to read a warm-up's map, and to look a URI up in it?",
  topology: `
    one thread: file --- 256 KiB reads ---> parser ---> hash table of bytes
                URI bytes --- find ---> entry`,
  async run({ quick, tmp }) {
    const uris = quick ? 100_000 : 1_000_000;
    const lookups = quick ? 1_000_000 : 5_000_000;
    const path = join(tmp, "interm.json");
    writeMap(path, uris);
    const keys = Array.from({ length: HOT_URIS }, (_, number) => Buffer.from(uriOf(number)));
    const reading: number[] = [];
    const finding: number[] = [];
    const heap: number[] = [];
    for (let round = 0; round < (quick ? 3 : 5); round++) {
      const begun = cpuSeconds();
      const map = readUriMap(path);
      reading.push(((cpuSeconds() - begun) * 1e9) / uris);
      findAll(map, keys, lookups);
      const heapBefore = getHeapStatistics().used_heap_size;
      const before = cpuSeconds();
      const sum = findAll(map, keys, lookups);
      finding.push(((cpuSeconds() - before) * 1e9) / lookups);
      heap.push((getHeapStatistics().used_heap_size - heapBefore) / lookups);
      check(map, { uris, sum, expected: (lookups / HOT_URIS) * ((HOT_URIS * (HOT_URIS - 1)) / 2) });
    }
    const allocated = resultOf({ metric: "heap per look-up", unit: "bytes" }, heap);
    if (allocated.value > HEAP_BYTES_MAX) throw new Error(`allocates ${allocated.value} bytes`);
    return [
      resultOf({ metric: "reading, per entry", unit: "ns" }, reading),
      resultOf({ metric: "look-up", unit: "ns" }, finding),
      allocated,
    ];
  },
};

function check(map: UriMap, found: { uris: number; sum: number; expected: number }): void {
  const digest = Buffer.alloc(32);
  map.copyDigest(found.uris - 1, digest);
  if (map.size !== found.uris || !digest.equals(digestOf(found.uris - 1)))
    throw new Error(`the map has ${map.size} entries, or another digest in its last one`);
  if (found.sum !== found.expected)
    throw new Error(`the entries add up to ${found.sum}, not ${found.expected}`);
}
