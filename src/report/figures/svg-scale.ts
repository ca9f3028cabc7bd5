// Scales and ticks of figures that are drawn without a browser. The report page carries the source of these functions: see
// chart-text.ts for what that forbids.
import type { Chart } from "../chart.ts";
import { isDecade, placeText, valueText } from "./chart-text.ts";

/** From a value to pixels, and where its axis has ticks. */
export type SvgScale = {
  readonly to: (value: number) => number;
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
};

/** The ends of an axis in pixels. */
export type SvgSpan = { readonly from: number; readonly to: number };

export function linearTo(low: number, high: number, { from, to }: SvgSpan) {
  const width = high - low || 1;
  return (value: number): number => from + ((value - low) / width) * (to - from);
}

export function logTo(low: number, high: number, { from, to }: SvgSpan) {
  const width = Math.log(high / low) || 1;
  return (value: number): number =>
    from + (Math.log(Math.max(value, low) / low) / width) * (to - from);
}

/** Round steps of 1, 2 or 5 times a power of ten, so that there are at most so many ticks. */
export function linearTicks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high * (1 + 1e-9); at += step) {
    ticks.push(Number(at.toPrecision(12)));
  }
  return ticks;
}

/** Round in units of 1024, from 0; whole bytes. */
export function byteTicks(high: number, most: number): number[] {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(high / most)));
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, at) => at * step);
}

/** Steps of a clock: seconds, minutes, hours. */
export function timeTicks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most;
  if (rough <= 10) return linearTicks(low, high, most);
  const steps = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const step = steps.find((one) => one >= rough) ?? Math.ceil(rough / 86400) * 86400;
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) ticks.push(at);
  return ticks;
}

export function powersBetween(low: number, high: number, base: number): number[] {
  const ticks: number[] = [];
  const first = Math.ceil(Math.log(low) / Math.log(base) - 1e-9);
  const last = Math.floor(Math.log(high) / Math.log(base) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / 9));
  for (let power = first; power <= last; power += stride) ticks.push(base ** power);
  return ticks;
}

export function acrossScale(chart: Chart, span: SvgSpan): SvgScale {
  const edges = chart.cells?.columns ?? [];
  const places = [...chart.at, ...(edges.length > 0 ? [edges[edges.length - 1] as number] : [])];
  const positive = places.filter((at) => at > 0);
  const isLog = chart.x === "bytes" || chart.x === "ms" || chart.x === "rank";
  const low = isLog ? Math.min(...positive) : Math.min(0, ...places);
  const high = Math.max(...places);
  const text = (at: number): string => placeText(chart.x, at);
  const named = (ticks: number[]) => ticks.map((at) => ({ at, text: text(at) }));
  if (isLog) {
    const ticks = powersBetween(low, high, chart.x === "bytes" ? 4 : 10);
    return { to: logTo(low, high, span), low, high, ticks: named(ticks) };
  }
  const to = linearTo(low, high, span);
  if (chart.x === "seconds") return { to, low, high, ticks: named(timeTicks(low, high, 7)) };
  const most = chart.x === "nines" ? 7 : 8;
  const whole = linearTicks(low, high, most).filter((at) => Number.isInteger(at));
  return { to, low, high, ticks: named(whole) };
}

/** Everything that the upward axis has to reach. */
export function upValues({ lines, cells }: Chart): number[] {
  const drawn = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  return [...drawn, ...(cells?.rows ?? []).filter((edge) => edge > 0)];
}

/** A range that holds all ratios, and 1, with some room; at least a tenth to both sides. */
export function aroundOne(values: readonly number[]): [number, number] {
  const low = values.reduce((least, value) => Math.min(least, value), 0.9);
  const high = values.reduce((most, value) => Math.max(most, value), 1.1);
  const room = (high - low) * 0.06;
  return [Math.max(0, low - room), high + room];
}

export function upScale(chart: Chart, span: SvgSpan): SvgScale {
  const values = upValues(chart);
  const text = (value: number): string => valueText(chart.y, value);
  const highest = values.reduce((high, value) => Math.max(high, value), 0);
  if (chart.logarithmic) {
    const positive = values.filter((value) => value > 0);
    const lowest = positive.reduce((low, value) => Math.min(low, value), highest || 1);
    const low = 10 ** Math.floor(Math.log10(lowest));
    const high = Math.max(low * 10, 10 ** Math.ceil(Math.log10(highest || 1)));
    const ticks = powersBetween(low, high, 10).filter((tick) => isDecade(tick));
    return {
      to: logTo(low, high, span),
      low,
      high,
      ticks: ticks.map((at) => ({ at, text: text(at) })),
    };
  }
  const [low, high] =
    chart.y === "ratio"
      ? aroundOne(values)
      : [0, chart.y === "share" ? Math.max(highest, 0.01) : Math.max(1, highest * 1.08)];
  const ticks = chart.y === "bytesPerSecond" ? byteTicks(high, 6) : linearTicks(low, high, 6);
  return {
    to: linearTo(low, high, span),
    low,
    high,
    ticks: ticks.map((at) => ({ at, text: text(at) })),
  };
}
