import { ByteMap } from "../../../trace/byte-map.ts";
import type { RecordView } from "../../../trace/record-view.ts";
import { Arguments } from "../arguments.ts";
import { ObjectLinks, ObjectList } from "../object-list.ts";
import type { SimulationContext } from "../simulation.ts";
import { EntryFsTier, type FsTier, RecentFsTier } from "./fs-tier.ts";
import { type TierFigures, type TierItem, TierTally } from "./tier-tally.ts";

const GIB = 2 ** 30;
/** Objects from this size on go to the file system, whatever the memory. */
const LARGE_BYTES = 100 * 2 ** 20;
/** File-system tiers, in multiples of memory. */
const FS_MULTIPLES = [10, 15, 20] as const;
const SLASH = 47;
const wordManifest = Buffer.from("manifest");

export type TwoTierArguments = {
  /** Bytes of memory. */
  readonly capacity: number;
  readonly compat: boolean;
};

type FsResult = {
  /** Of memory's size. */
  readonly multiple: number;
  /** The original's figures; the names are its labels. */
  readonly lines: {
    readonly "lmu hits": number;
    readonly "lmu misses": number;
    readonly "h hits": number;
    readonly "h misses": number;
  };
  /** Requests that reached it after its own warm-up. */
  readonly tier: TierFigures;
  readonly evictions: number;
};

export type TwoTierResult = {
  readonly kind: "two-tier";
  readonly compat: boolean;
  /** Bytes of memory. */
  readonly capacity: number;
  readonly items: number;
  readonly memory: TierFigures & { readonly evictions: number };
  readonly fs: readonly FsResult[];
};

/** `counterpart`: selected as cache.py, so compatible unless told otherwise. Throws UsageError. */
export function twoTierArguments(
  given: Readonly<Record<string, unknown>> | undefined,
  { counterpart }: { counterpart: boolean },
): TwoTierArguments {
  const args = new Arguments("builtin:two-tier", given);
  const size = args.value("cache_size");
  const gibs = typeof size === "number" && size > 0 && size < 2 ** 20 ? size : undefined;
  if (gibs === undefined)
    args.mistake("cache_size", "the memory's size in GiB, a number above 0 such as 8");
  const compat = args.truth("compat", counterpart);
  args.finish();
  return { capacity: Math.floor((gibs ?? 0) * GIB), compat };
}

/**
 * Memory in front of a file system, both LRU, an object in one of them only; three sizes of file system in one pass.
 * Source of the rules and of the figures' names: trace-replay.md 6.2, after the simulation of the FAST '18 study.
 */
export function simulateTwoTier(
  args: TwoTierArguments,
  { requests, say }: SimulationContext,
): TwoTierResult {
  say("running cache simulation");
  const tiers = new TwoTiers(args);
  const keys = new ByteMap();
  const { view } = requests;
  const item: TierItem = { object: 0, size: 0, method: 0 };
  let tenths = 0;
  let since = 0;
  while (requests.next()) {
    if (since > requests.total / 10) {
      since = 0;
      say(`${++tenths * 10}% done`);
    }
    since++;
    if (saysManifest(view)) continue;
    item.object = keys.add(view.buffer, lastSegmentAt(view), view.uriEnd);
    item.size = Math.max(0, view.size);
    item.method = view.method;
    tiers.request(item);
  }
  return tiers.result();
}

/** Whether the word stands anywhere in the uri: as the original asks, but on bytes. */
function saysManifest({ buffer, uriAt, uriEnd }: RecordView): boolean {
  const last = uriEnd - wordManifest.length;
  for (let at = uriAt; at <= last; at++) {
    let same = 0;
    while (same < wordManifest.length && buffer[at + same] === wordManifest[same]) same++;
    if (same === wordManifest.length) return true;
  }
  return false;
}

function lastSegmentAt({ buffer, uriAt, uriEnd }: RecordView): number {
  let at = uriEnd;
  while (at > uriAt && buffer[at - 1] !== SLASH) at--;
  return at;
}

/** A tier's figures count from the item after the one that first made it evict: `warm` is looked up before an item is served. */
class TwoTiers {
  readonly #args: TwoTierArguments;
  readonly #large: number;
  readonly #links = new ObjectLinks();
  readonly #memory = new ObjectList(this.#links, 0);
  readonly #tally = new TierTally();
  readonly #fs: readonly FsSide[];
  #evictions = 0;
  #items = 0;

  constructor(args: TwoTierArguments) {
    this.#args = args;
    this.#large = Math.min(LARGE_BYTES, args.capacity);
    this.#fs = FS_MULTIPLES.map((multiple) => new FsSide(multiple, args));
  }

  request(item: Readonly<TierItem>): void {
    const { object, size } = item;
    this.#items++;
    const hit = this.#memory.has(object);
    if (this.#evictions > 0) this.#tally.add(item, hit);
    if (hit) {
      this.#memory.toFirst(object);
      for (const side of this.#fs) side.memoryHit();
      return;
    }
    const large = size >= this.#large;
    for (const side of this.#fs) side.memoryMiss(item, large);
    if (!large) this.#intoMemory(object, size);
  }

  #intoMemory(object: number, size: number): void {
    while (this.#memory.bytes + size > this.#args.capacity) {
      const bytes = this.#links.sizes[this.#memory.last] as number;
      const demoted = this.#memory.removeLast();
      this.#evictions++;
      for (const { tier } of this.#fs) tier.demote(demoted, bytes);
    }
    this.#memory.addFirst(object, size);
  }

  result(): TwoTierResult {
    const memory = this.#tally.figures();
    return {
      kind: "two-tier",
      compat: this.#args.compat,
      capacity: this.#args.capacity,
      items: this.#items,
      memory: { ...memory, evictions: this.#evictions },
      fs: this.#fs.map((side) => side.result(memory)),
    };
  }
}

class FsSide {
  readonly tier: FsTier;
  readonly #multiple: number;
  readonly #tally = new TierTally();
  #memoryHits = 0;

  constructor(multiple: number, { capacity, compat }: TwoTierArguments) {
    this.#multiple = multiple;
    this.tier = new (compat ? EntryFsTier : RecentFsTier)(multiple * capacity);
  }

  memoryHit(): void {
    if (this.tier.evictions > 0) this.#memoryHits++;
  }

  memoryMiss(item: Readonly<TierItem>, large: boolean): void {
    const { tier } = this;
    const { object, size } = item;
    const hit = tier.has(object);
    if (tier.evictions > 0) this.#tally.add(item, hit);
    if (!hit && large) tier.insert(object, size);
    else if (hit && large) tier.refresh(object);
    else if (hit) tier.promote(object);
  }

  result(memory: TierFigures): FsResult {
    const tier = this.#tally.figures();
    return {
      multiple: this.#multiple,
      lines: {
        "lmu hits": memory.hits,
        "lmu misses": memory.requests - memory.hits,
        "h hits": this.#memoryHits + tier.hits,
        "h misses": tier.requests - tier.hits,
      },
      tier,
      evictions: this.tier.evictions,
    };
  }
}

/** `0 10 lmu hits: 371` and so on: the twelve lines of the original. */
export const twoTierLines = ({ fs }: TwoTierResult): string[] =>
  fs.flatMap(({ multiple, lines }) =>
    Object.entries(lines).map(([name, count]) => `0 ${multiple} ${name}: ${count}`),
  );
