import { UsageError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { Millis } from "../core/units.ts";
import { parseDuration } from "./quantity.ts";

/** Which of the matching requests a fault hits. */
export type FaultRate =
  | { readonly kind: "probability"; readonly p: number }
  | { readonly kind: "every"; readonly n: number }
  | { readonly kind: "window"; readonly fromMs: Millis; readonly toMs: Millis };

/** `0.01`, `1%`, `every 10`, `window(20s..25s)`: seconds since the rules were set or the statistics reset. */
export function parseRate(text: string): FaultRate {
  const trimmed = text.trim();
  const every = /^every\s+([1-9]\d*)$/.exec(trimmed);
  if (every !== null) return { kind: "every", n: Number(every[1]) };
  const span = /^window\(([^.()]+(?:\.\d[^.()]*)?)\.\.([^()]+)\)$/.exec(trimmed);
  if (span !== null) {
    const fromMs = parseDuration(span[1] ?? "", "window()");
    const toMs = parseDuration(span[2] ?? "", "window()");
    if (toMs > fromMs) return { kind: "window", fromMs, toMs };
  }
  const share = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(trimmed);
  const p = share === null ? Number.NaN : Number(share[1]) / (share[2] === "%" ? 100 : 1);
  if (p <= 1) return { kind: "probability", p };
  throw new UsageError(
    `the rate of a fault is 0.01, 1%, every 10 or window(20s..25s), not "${text}"`,
  );
}

/** `asked` = how many requests matched so far, this one included; `sinceMs` = since the rules were set. */
export function isHit(
  rate: FaultRate,
  at: { readonly asked: number; readonly sinceMs: number; readonly random: Random },
): boolean {
  switch (rate.kind) {
    case "probability":
      return at.random.next() < rate.p;
    case "every":
      return at.asked % rate.n === 0;
    case "window":
      return at.sinceMs >= rate.fromMs && at.sinceMs < rate.toMs;
    default:
      return rate satisfies never;
  }
}
