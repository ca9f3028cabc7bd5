import { Arguments } from "../arguments.ts";
import { bytesOf } from "../byte-size.ts";

const policyNames = ["lru", "lfu", "fifo", "arc", "s3fifo", "sieve", "belady"] as const;
export type PolicyName = (typeof policyNames)[number];

const kindNames = ["blob", "manifest"] as const;
const methodNames = ["GET", "PUT", "HEAD"] as const;
const keyNames = ["digest", "uri", "client+digest"] as const;

/** A capacity: so many bytes, or a share of the bytes of all distinct objects. */
export type CacheSize =
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "share"; readonly share: number };

export type CacheArguments = {
  readonly policies: readonly PolicyName[];
  readonly sizes: readonly CacheSize[];
  /** Share of the requests, from the first on, that fill the caches and are not counted. */
  readonly warm: number;
  readonly kinds: readonly (typeof kindNames)[number][];
  readonly methods: readonly (typeof methodNames)[number][];
  readonly key: (typeof keyNames)[number];
};

const sharesAtFirst = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const SIZES_MAX = 200;

/** Throws UsageError. Source of keys and defaults: trace-replay.md 6.3. */
export function cacheArguments(
  given: Readonly<Record<string, unknown>> | undefined,
): CacheArguments {
  const args = new Arguments("builtin:cache", given);
  const read: CacheArguments = {
    policies: args.words("policies", policyNames, policyNames),
    sizes: sizesOf(args),
    warm: warmOf(args),
    kinds: args.words("kinds", kindNames, ["blob"]),
    methods: args.words("methods", methodNames, ["GET"]),
    key: args.word("key", keyNames, "digest"),
  };
  args.finish();
  return read;
}

function warmOf(args: Arguments): number {
  const warm = args.value("warm") ?? 0;
  if (typeof warm === "number" && warm >= 0 && warm < 1) return warm;
  args.mistake("warm", "a share of the requests from 0 to below 1, such as 0.2");
  return 0;
}

function sizesOf(args: Arguments): readonly CacheSize[] {
  const value = args.value("sizes");
  if (value === undefined) return sharesAtFirst.map((share) => ({ kind: "share", share }));
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const sizes = list.map(sizeOf).filter((size) => size !== undefined);
  if (sizes.length < list.length || sizes.length === 0 || sizes.length > SIZES_MAX)
    args.mistake(
      "sizes",
      `a list of up to ${SIZES_MAX} sizes such as 256MiB, or shares of all distinct bytes above 0 and up to 1, such as 0.1`,
    );
  return sizes;
}

/** A number up to 1 is a share: no cache has one byte. */
function sizeOf(value: unknown): CacheSize | undefined {
  const number = typeof value === "string" ? bytesOf(value) : value;
  const plain = typeof value === "string" && /^[\d.]+$/.test(value) ? Number(value) : number;
  if (typeof plain !== "number" || !Number.isFinite(plain) || plain <= 0) return undefined;
  if (plain <= 1) return { kind: "share", share: plain };
  return { kind: "bytes", bytes: Math.floor(plain) };
}
