import { UsageError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { type Millis, millis } from "../core/units.ts";
import { parseWait } from "./quantity.ts";

/** How long the first byte of an answer is held back. */
export type Delay =
  | { readonly kind: "fixed"; readonly ms: Millis }
  | { readonly kind: "uniform"; readonly fromMs: Millis; readonly toMs: Millis }
  | { readonly kind: "lognormal"; readonly medianMs: Millis; readonly sigma: number };

/** `fixed(20ms)`, `uniform(1ms,9ms)`, `lognormal(20ms,0.6)`: median and the spread of the logarithm. */
export function parseDelay(text: string): Delay {
  const match = /^(\w+)\(([^()]*)\)$/.exec(text.trim());
  const [kind, parts] = [match?.[1], (match?.[2] ?? "").split(",")];
  const first = parts[0] ?? "";
  if (kind === "fixed" && parts.length === 1) return { kind, ms: parseWait(first, "fixed()") };
  if (kind === "uniform" && parts.length === 2) {
    const fromMs = parseWait(first, "uniform()");
    const toMs = parseWait(parts[1] ?? "", "uniform()");
    if (toMs >= fromMs) return { kind, fromMs, toMs };
  }
  if (kind === "lognormal" && parts.length === 2) {
    const sigma = Number(parts[1]);
    if (parts[1]?.trim() !== "" && Number.isFinite(sigma) && sigma >= 0) {
      return { kind, medianMs: parseWait(first, "lognormal()"), sigma };
    }
  }
  throw new UsageError(
    `a latency is fixed(20ms), uniform(1ms,9ms) or lognormal(20ms,0.6), not "${text}"`,
  );
}

/** A delay may not hold a request longer than this, whatever the distribution's tail says. */
const DELAY_MS_MAX = 10 * 60_000;

export function drawDelay(delay: Delay, random: Random): Millis {
  switch (delay.kind) {
    case "fixed":
      return delay.ms;
    case "uniform":
      return millis(delay.fromMs + random.next() * (delay.toMs - delay.fromMs));
    case "lognormal": {
      // Box-Muller; 1 - next() is never 0, whose logarithm is no number.
      const normal =
        Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
      return millis(Math.min(DELAY_MS_MAX, delay.medianMs * Math.exp(delay.sigma * normal)));
    }
    default:
      return delay satisfies never;
  }
}
