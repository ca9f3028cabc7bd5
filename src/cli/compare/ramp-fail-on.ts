// `--fail-on` of pull tests: 'p99 > +10%', 'ttfb.p50 > +5%', 'rate < -10%'.
import { UsageError } from "../../core/errors.ts";
import type { RampMeasure, RampRow } from "./compare-ramps.ts";

export type RampFailOn = {
  readonly text: string;
  readonly measure: RampMeasure;
  /** Null for the rate. */
  readonly percent: number | null;
  /** How much is lost, as a share of A: a time that grows, a rate that falls. */
  readonly beyond: number;
};

const time = /^\s*(?:(pull|ttfb)\.)?p(50|99)\s*>\s*\+?(\d+(?:\.\d+)?)%\s*$/;
const rate = /^\s*rate(?:\.done)?\s*<\s*-(\d+(?:\.\d+)?)%\s*$/;

const rampForms = "'p99 > +10%', 'ttfb.p50 > +5%' or 'rate < -10%'";

/** `undefined` for what says nothing of a ramp. */
export function rampFailOn(text: string): RampFailOn | undefined {
  const [, measure, percent, above] = time.exec(text) ?? [];
  if (above !== undefined)
    return {
      text: text.trim(),
      measure: measure === "ttfb" ? "ttfb" : "pull",
      percent: Number(percent),
      beyond: Number(above) / 100,
    };
  const below = rate.exec(text)?.[1];
  if (below === undefined) return undefined;
  return { text: text.trim(), measure: "rate", percent: null, beyond: Number(below) / 100 };
}

/** `minimum`: smallest difference that verdicts heed, as a share. Throws UsageError. */
export function parseRampFailOn(text: string, minimum: number): RampFailOn {
  const limit = rampFailOn(text);
  if (limit === undefined)
    throw new UsageError(`--fail-on "${text}": of ramps, write such as ${rampForms}`);
  if (limit.beyond < minimum)
    throw new UsageError(
      `--fail-on "${text}" is below the smallest difference that matters: add --min-effect ${limit.beyond * 100}`,
    );
  return limit;
}

/** Steps that are over the limit, and not by chance alone: with many of them the shown interval of one would miss too often. */
export const rampRegressions = (rows: readonly RampRow[], limit: RampFailOn): RampRow[] =>
  rows.filter(
    ({ measure, percent, difference, verdict }) =>
      measure === limit.measure &&
      percent === limit.percent &&
      verdict === "worse" &&
      Math.abs(difference) > limit.beyond,
  );
