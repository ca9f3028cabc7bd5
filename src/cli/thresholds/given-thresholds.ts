import { UsageError } from "../../core/errors.ts";
import type { Threshold } from "../../report/thresholds/threshold.ts";
import { parseThreshold, type ThresholdWords } from "./threshold-text.ts";

/** Thresholds of the command line. Throws UsageError with a line per mistake. */
export function givenThresholds(texts: readonly string[], known?: ThresholdWords): Threshold[] {
  const mistakes: string[] = [];
  const thresholds = texts.flatMap((text) => {
    try {
      return [parseThreshold(text, "--threshold", known)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push(...error.lines);
      return [];
    }
  });
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return thresholds;
}
