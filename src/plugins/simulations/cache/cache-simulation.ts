import { Kind } from "../../../core/operation.ts";
import { methods } from "../../../trace/layout.ts";
import type { RequestCursor, SimulationContext } from "../simulation.ts";
import { ArcCache } from "./arc-cache.ts";
import { BeladyCache } from "./belady-cache.ts";
import type { CacheArguments, CacheSize, PolicyName } from "./cache-arguments.ts";
import type { CachePolicy } from "./cache-policy.ts";
import { LfuCache } from "./lfu-cache.ts";
import { BATCH, type CacheRow, MeasuredCache, type RequestBatch } from "./measured-cache.ts";
import { ObjectNumbers } from "./object-numbers.ts";
import { RecencyCache } from "./recency-cache.ts";
import { RequestSequence } from "./request-sequence.ts";
import { S3FifoCache } from "./s3-fifo-cache.ts";
import { SieveCache } from "./sieve-cache.ts";

export type CacheResult = {
  readonly kind: "cache";
  readonly key: CacheArguments["key"];
  /** Simulated requests; the first `warmRequests` of them are not counted in the rows. */
  readonly requests: number;
  readonly warmRequests: number;
  /** Requests of the trace that `kinds` and `methods` leave out. */
  readonly leftOut: number;
  readonly objects: number;
  readonly distinctBytes: number;
  /** Requests that name another size than the first for their object did, which is what `distinctBytes` counts. */
  readonly sizeChanges: number;
  /** Requests for which the trace has no size: the one known of the object stands for it, or 1 byte. */
  readonly withoutSize: number;
  /** All objects have one size, so that belady is the optimum and not only a reference. */
  readonly beladyIsBound: boolean;
  readonly rows: readonly CacheRow[];
};

type Measured = {
  readonly cache: MeasuredCache;
  readonly policy: PolicyName;
  readonly share: number | null;
};

/**
 * All policies at all sizes over the trace, which is read once. Where something depends on the whole (belady, sizes in shares,
 * a share that is warm-up) the objects of the requests are kept, 4 bytes for each, and gone through again.
 * Source: trace-replay.md 6.3.
 */
export function simulateCache(args: CacheArguments, context: SimulationContext): CacheResult {
  const objects = new ObjectNumbers(args.key);
  const source = new CachedRequests(args, context.requests, objects);
  const whole =
    args.warm > 0 ||
    args.policies.includes("belady") ||
    args.sizes.some(({ kind }) => kind === "share");
  const measured = whole
    ? runWhole(args, source, { objects, goOn: context.goOn })
    : runAsRead(args, source);
  const { count, leftOut } = source;
  return {
    kind: "cache",
    key: args.key,
    requests: count,
    warmRequests: Math.floor(args.warm * count),
    leftOut,
    objects: objects.count,
    distinctBytes: objects.bytes,
    sizeChanges: objects.sizeChanges,
    withoutSize: objects.withoutSize,
    beladyIsBound: objects.equalSizes,
    rows: measured.map(({ cache, policy, share }) => cache.row(policy, share)),
  };
}

const newBatch = (): RequestBatch => ({
  objects: new Uint32Array(BATCH),
  sizes: new Float64Array(BATCH),
  count: 0,
  place: 0,
});

/** The requests of the trace that are simulated, in batches. */
class CachedRequests {
  count = 0;
  leftOut = 0;
  readonly #kinds: readonly boolean[];
  readonly #methods: readonly boolean[];
  readonly #requests: RequestCursor;
  readonly #objects: ObjectNumbers;

  constructor(args: CacheArguments, requests: RequestCursor, objects: ObjectNumbers) {
    const blobs = args.kinds.includes("blob");
    const kinds: boolean[] = [];
    kinds[Kind.blob] = blobs;
    // The end of a blob's upload is a PUT of a blob.
    kinds[Kind.upload] = blobs;
    kinds[Kind.manifest] = args.kinds.includes("manifest");
    this.#kinds = kinds;
    this.#methods = methods.map((method) => args.methods.includes(method));
    this.#requests = requests;
    this.#objects = objects;
  }

  /** Fills the batch; false when there was nothing left. */
  fill(batch: RequestBatch): boolean {
    const { view } = this.#requests;
    batch.place = this.count;
    batch.count = 0;
    while (batch.count < BATCH && this.#requests.next()) {
      if (this.#kinds[view.kind] !== true || this.#methods[view.method] !== true) {
        this.leftOut++;
        continue;
      }
      const object = this.#objects.add(view);
      batch.objects[batch.count] = object;
      const { size } = view;
      batch.sizes[batch.count++] = size < 0 ? this.#objects.sizeOf(object) : size;
    }
    this.count += batch.count;
    return batch.count > 0;
  }
}

function runAsRead(args: CacheArguments, source: CachedRequests): Measured[] {
  const measured = cachesOf(args, { distinctBytes: 0, warm: 0, sequence: new RequestSequence() });
  const batch = newBatch();
  while (source.fill(batch)) for (const { cache } of measured) cache.run(batch);
  return measured;
}

function runWhole(
  args: CacheArguments,
  source: CachedRequests,
  { objects, goOn }: { objects: ObjectNumbers; goOn: SimulationContext["goOn"] },
): Measured[] {
  const sequence = new RequestSequence();
  const batch = newBatch();
  while (source.fill(batch)) {
    for (let at = 0; at < batch.count; at++) {
      const object = batch.objects[at] as number;
      const size = batch.sizes[at] as number;
      sequence.add(object, { size, usual: objects.sizeOf(object) });
    }
  }
  if (args.policies.includes("belady")) sequence.lookAhead(objects.count);
  const warm = Math.floor(args.warm * sequence.length);
  const measured = cachesOf(args, { distinctBytes: objects.bytes, warm, sequence });
  for (batch.place = 0; ; batch.place += batch.count) {
    batch.count = sequence.read(batch.place, batch.objects);
    if (batch.count === 0 || !goOn(batch.place, sequence.length)) return measured;
    for (let at = 0; at < batch.count; at++) {
      const usual = objects.sizeOf(batch.objects[at] as number);
      batch.sizes[at] = sequence.sizeAt(batch.place + at, usual);
    }
    for (const { cache } of measured) cache.run(batch);
  }
}

type Whole = {
  readonly distinctBytes: number;
  readonly warm: number;
  readonly sequence: RequestSequence;
};

const cachesOf = (
  { policies, sizes }: CacheArguments,
  { distinctBytes, warm, sequence }: Whole,
): Measured[] =>
  sizes.flatMap((given) => {
    const size = bytesFor(given, distinctBytes);
    const share = given.kind === "share" ? given.share : null;
    return policies.map((policy) => {
      const cache = policyOf(policy, size, sequence);
      return { cache: new MeasuredCache(cache, { size, warm }), policy, share };
    });
  });

function bytesFor(size: CacheSize, distinctBytes: number): number {
  switch (size.kind) {
    case "bytes":
      return size.bytes;
    case "share":
      return Math.floor(size.share * distinctBytes);
    default:
      return size satisfies never;
  }
}

function policyOf(policy: PolicyName, size: number, sequence: RequestSequence): CachePolicy {
  switch (policy) {
    case "lru":
    case "fifo":
      return new RecencyCache(size, policy);
    case "lfu":
      return new LfuCache(size);
    case "arc":
      return new ArcCache(size);
    case "s3fifo":
      return new S3FifoCache(size);
    case "sieve":
      return new SieveCache(size);
    case "belady":
      return new BeladyCache(size, (place) => sequence.nextUse(place));
    default:
      return policy satisfies never;
  }
}
