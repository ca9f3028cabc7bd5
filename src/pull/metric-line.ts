import { localTime } from "./local-time.ts";

/** A line of the metrics file, its break included: time, pulls per second with six decimals, active pullers. */
export const metricLine = (epochMs: number, rate: number, active: number): string =>
  `${localTime(epochMs)}\t${rate.toFixed(6)}\t${active}\n`;
