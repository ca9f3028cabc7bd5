import type { ColumnsContext, RequestBatch, RequestColumns } from "../simulation.ts";
import { ArcCache } from "./arc-cache.ts";
import { BeladyCache } from "./belady-cache.ts";
import type { CacheArguments, CacheSize, PolicyName } from "./cache-arguments.ts";
import type { CachePolicy } from "./cache-policy.ts";
import { LfuCache } from "./lfu-cache.ts";
import { type CacheRow, MeasuredCache } from "./measured-cache.ts";
import { ObjectSizes } from "./object-sizes.ts";
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

/** 48 KiB of objects and sizes: they stay in the second cache while one simulated cache after the other goes through them. */
const BATCH = 4096;

/**
 * All policies at all sizes over the trace, which is read once. Where something depends on the whole (belady, sizes in shares,
 * a share that is warm-up) the objects of the requests are kept, 4 bytes for each, and gone through again.
 * Source: trace-replay.md 6.3.
 */
export function simulateCache(args: CacheArguments, context: ColumnsContext): CacheResult {
  const { requests } = context;
  const source = new SizedRequests(requests);
  const { sizes } = source;
  const whole =
    args.warm > 0 ||
    args.policies.includes("belady") ||
    args.sizes.some(({ kind }) => kind === "share");
  const measured = whole ? runWhole(args, source, context) : runAsRead(args, source, requests);
  return {
    kind: "cache",
    key: args.key,
    requests: source.count,
    warmRequests: Math.floor(args.warm * source.count),
    leftOut: requests.leftOut,
    objects: sizes.count,
    distinctBytes: sizes.bytes,
    sizeChanges: sizes.sizeChanges,
    withoutSize: sizes.withoutSize,
    beladyIsBound: sizes.equalSizes,
    rows: measured.map(({ cache, policy, share }) => cache.row(policy, share)),
  };
}

const newBatch = (): RequestBatch => ({
  objects: new Int32Array(BATCH),
  sizes: new Float64Array(BATCH),
  count: 0,
  place: 0,
});

/** The requests as they come, each with a size. */
class SizedRequests {
  count = 0;
  readonly sizes: ObjectSizes;
  readonly #requests: RequestColumns;

  constructor(requests: RequestColumns) {
    this.#requests = requests;
    this.sizes = new ObjectSizes(requests.objects);
  }

  /** Fills the batch; false when there was nothing left. */
  fill(batch: RequestBatch): boolean {
    batch.place = this.count;
    if (!this.#requests.fill(batch)) return false;
    this.sizes.settle(batch);
    this.count += batch.count;
    return true;
  }
}

function runAsRead(
  args: CacheArguments,
  source: SizedRequests,
  { objects }: RequestColumns,
): Measured[] {
  const sequence = new RequestSequence();
  const measured = cachesOf(args, { objects, distinctBytes: 0, warm: 0, sequence });
  const batch = newBatch();
  while (source.fill(batch)) for (const { cache } of measured) cache.run(batch);
  return measured;
}

function runWhole(
  args: CacheArguments,
  source: SizedRequests,
  { requests: { objects }, goOn }: ColumnsContext,
): Measured[] {
  const { sizes } = source;
  const sequence = new RequestSequence();
  const batch = newBatch();
  while (source.fill(batch)) {
    for (let at = 0; at < batch.count; at++) {
      const object = batch.objects[at] as number;
      const size = batch.sizes[at] as number;
      sequence.add(object, { size, usual: sizes.sizeOf(object) });
    }
  }
  if (args.policies.includes("belady")) sequence.lookAhead(objects);
  const warm = Math.floor(args.warm * sequence.length);
  const measured = cachesOf(args, { objects, distinctBytes: sizes.bytes, warm, sequence });
  for (batch.place = 0; ; batch.place += batch.count) {
    batch.count = sequence.read(batch.place, batch.objects);
    if (batch.count === 0 || !goOn(batch.place, sequence.length)) return measured;
    for (let at = 0; at < batch.count; at++) {
      const usual = sizes.sizeOf(batch.objects[at] as number);
      batch.sizes[at] = sequence.sizeAt(batch.place + at, usual);
    }
    for (const { cache } of measured) cache.run(batch);
  }
}

type Whole = {
  /** How many different ones may be asked for. */
  readonly objects: number;
  readonly distinctBytes: number;
  readonly warm: number;
  readonly sequence: RequestSequence;
};

const cachesOf = ({ policies, sizes }: CacheArguments, whole: Whole): Measured[] =>
  sizes.flatMap((given) => {
    const size = bytesFor(given, whole.distinctBytes);
    const share = given.kind === "share" ? given.share : null;
    return policies.map((policy) => {
      const cache = policyOf(policy, size, whole);
      return { cache: new MeasuredCache(cache, { size, warm: whole.warm }), policy, share };
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

function policyOf(policy: PolicyName, capacity: number, { objects, sequence }: Whole): CachePolicy {
  switch (policy) {
    case "lru":
    case "fifo":
      return new RecencyCache(policy, { capacity, objects });
    case "lfu":
      return new LfuCache(capacity, objects);
    case "arc":
      return new ArcCache(capacity, objects);
    case "s3fifo":
      return new S3FifoCache(capacity, objects);
    case "sieve":
      return new SieveCache(capacity, objects);
    case "belady":
      return new BeladyCache(capacity, (place) => sequence.nextUse(place));
    default:
      return policy satisfies never;
  }
}
