// Meta records: one JSON object with one of the keys `source`, `gap`, `note`, `stop`.
import { micros } from "../core/units.ts";
import { type Gap, gapReasons } from "./event.ts";
import type { FileTotals } from "./seal.ts";

/** What is recorded, for whoever opens the file later. Nothing secret: it stands in every file. */
export type SourceNote = {
  readonly kind: "nats" | "proxy" | "api" | "import";
  readonly spec: readonly string[];
  readonly host: string;
};

export type Meta =
  | { readonly source: Readonly<Record<string, unknown>> }
  | { readonly gap: Readonly<Record<string, unknown>> }
  | { readonly note: Readonly<Record<string, unknown>> }
  /** Written at a clean end, with what was counted so far: a later opening need not count again. */
  | { readonly stop: Readonly<Record<string, unknown>> };

export const encodeMeta = (meta: Meta): Buffer => Buffer.from(JSON.stringify(meta));

export const gapMeta = ({ from, to, dropped, why }: Omit<Gap, "kind">): Meta => ({
  gap: { from, to, dropped, why },
});

/** The JSON of a meta record; empty where it is none. */
export function decodeMeta(part: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(part.toString());
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The gap that a meta record tells of, if it does. */
export function gapOf(meta: Readonly<Record<string, unknown>>): Gap | undefined {
  const { gap } = meta;
  if (typeof gap !== "object" || gap === null) return undefined;
  const { from, to, dropped, why } = gap as Readonly<Record<string, unknown>>;
  if (typeof from !== "number" || typeof to !== "number") return undefined;
  return {
    kind: "gap",
    from: micros(from),
    to: micros(to),
    dropped: typeof dropped === "number" ? dropped : 0,
    why: gapReasons.find((reason) => reason === why) ?? "damage",
  };
}

/** The totals of a `stop`, if all of them are there. */
export function stopTotals(meta: Readonly<Record<string, unknown>>): FileTotals | undefined {
  const { stop } = meta;
  if (typeof stop !== "object" || stop === null) return undefined;
  const found = stop as Readonly<Record<string, unknown>>;
  const keys = ["firstStamp", "lastStamp", "batches", "events", "images"] as const;
  const rest = ["dropped", "longestExchange", "gaps"] as const;
  if (![...keys, ...rest].every((key) => Number.isSafeInteger(found[key]))) return undefined;
  const number = (key: (typeof keys)[number] | (typeof rest)[number]): number =>
    found[key] as number;
  return {
    firstStamp: micros(number("firstStamp")),
    lastStamp: micros(number("lastStamp")),
    batches: number("batches"),
    events: number("events"),
    images: number("images"),
    dropped: number("dropped"),
    longestExchange: micros(number("longestExchange")),
    gaps: number("gaps"),
  };
}
