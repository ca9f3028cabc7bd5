// Runs a few times per row. A value that was masked lately costs one lookup; guarded by perf/extract-stream.bench.ts.
import type { DistinctValues } from "./distinct-values.ts";
import type { MaskClass, MaskPolicy } from "./mask-policy.ts";
import { ownText } from "./own-text.ts";
import { fullHash, shortDigits } from "./pseudonym.ts";

/** Values remembered per class at least, in two halves: when the younger one is full, the older one is forgotten. */
const REMEMBERED = 65_536;
/** A value, its pseudonym and their place in the map. */
const ENTRY_BYTES = 170;
/** Only instances and their names are so many that they need it, so each class may have an eighth of the memory. */
const MEMORY_SHARE = 8;

const entriesWithin = (memoryBytes: number): number =>
  Math.max(REMEMBERED, Math.floor(memoryBytes / MEMORY_SHARE / ENTRY_BYTES));

/** A value's pseudonym. */
export type Mask = (value: string) => string;

/** `mask` with a bounded memory; what it has to compute anew is noted in `distinct`. */
export function remembered(
  mask: Mask,
  {
    of,
    distinct,
    memoryBytes = 0,
  }: { of: MaskClass; distinct: DistinctValues; memoryBytes?: number },
): Mask {
  const halfOfThem = entriesWithin(memoryBytes) / 2;
  let younger = new Map<string, string>();
  let older = new Map<string, string>();
  const keep = (value: string, pseudonym: string): string => {
    if (younger.size >= halfOfThem) {
      older = younger;
      younger = new Map();
    }
    younger.set(value, pseudonym);
    return pseudonym;
  };
  const found = (value: string): string => {
    const young = younger.get(value);
    if (young !== undefined) return young;
    const old = older.get(value);
    if (old !== undefined) return keep(value, old);
    const pseudonym = ownText(mask(value));
    distinct.note(of, value, pseudonym);
    return keep(ownText(value), pseudonym);
  };
  // Rows of one instance come together, and a comparison costs less than the hash of a text.
  let last = "";
  let lastPseudonym: string | undefined;
  return (value) => {
    if (lastPseudonym === undefined || value !== last) {
      lastPseudonym = found(value);
      last = value;
    }
    return lastPseudonym;
  };
}

/**
 * The mask of a column of events: NULL and the empty text stay empty, with every method. Source: extract.md 4.3, 6.1.
 */
export function columnMask(
  policy: MaskPolicy,
  {
    of,
    distinct,
    uuidShape,
    memoryBytes = 0,
  }: { of: MaskClass; distinct: DistinctValues; uuidShape: boolean; memoryBytes?: number },
): (value: string | null) => string {
  if (policy.method === "none") return (value) => value ?? "";
  const digits = shortDigits(policy.method);
  const full = fullHash(policy, of);
  const shaped = uuidShape && of === "uuid";
  const short: Mask = shaped
    ? (value) => inUuidShape(full(value).slice(0, digits))
    : (value) => full(value).slice(0, digits);
  const mask = remembered(short, { of, distinct, memoryBytes });
  return (value) => (value === null || value === "" ? "" : mask(value));
}

/** 8-4-4-4-12; of the 40 digits of SHA-1 the last eight have no place. */
function inUuidShape(digits: string): string {
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ];
  return parts.join("-");
}
