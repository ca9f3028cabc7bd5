// Charts of a whole run by its parts: phases of a request, sizes of bodies, nodes; and the distribution itself.
import type { Distribution } from "../../stats/distribution.ts";
import { maximumOf, supportedPercentile } from "../../stats/distribution.ts";
import type { RequestFigures, Totals } from "../../stats/figures.ts";
import { highestAt, lowestAt } from "../../stats/histogram.ts";
import { smallestOf } from "../../stats/size-bin.ts";
import type { Chart } from "../chart.ts";
import { overall, type RunFigures } from "../run-figures.ts";
import { curveChart, type Measured, rounded } from "./chart-makers.ts";

const PLACES = 160;

/** Share of the values up to each of the places, which ascend. */
function shares({ indices, counts, total }: Distribution, places: readonly number[]): number[] {
  let seen = 0;
  let next = 0;
  return places.map((place) => {
    while (next < indices.length && highestAt(indices[next] as number) <= place * 1e6) {
      seen += counts[next] as number;
      next++;
    }
    return rounded(seen / total);
  });
}

function cdfChart(name: string, { response, service }: RequestFigures): Chart {
  const measured = [
    { label: "response", colour: "first", width: 4, distribution: response },
    { label: "service", colour: "second", distribution: service },
  ].filter(({ distribution }) => distribution.total > 0);
  const all = measured.map(({ distribution }) => distribution);
  const low =
    Math.min(...all.map(({ indices }) => Math.max(1, lowestAt(indices[0] as number)))) / 1e6;
  const high = Math.max(...all.map(maximumOf)) / 1e6;
  const at = Array.from({ length: PLACES + 1 }, (_, step) =>
    rounded(low * (high / low) ** (step / PLACES) * (step === PLACES ? 1.00001 : 1)),
  );
  const lines = measured.map(({ distribution, ...line }) => ({
    ...line,
    values: shares(distribution, at),
  }));
  return { name, x: "ms", y: "share", logarithmic: false, at: all.length === 0 ? [] : at, lines };
}

/** One chart for all operations and one for each, where there are several. */
function byOperation(
  { classes }: Totals,
  chart: (name: string, figures: RequestFigures) => Chart,
): Chart[] {
  const each = classes.map((part) => chart(part.operation, part));
  return each.length > 1 ? [chart("all operations", overall({ classes })), ...each] : each;
}

export const cdfCharts = (totals: Totals): Chart[] => byOperation(totals, cdfChart);

/** Where the time of a request went. Connecting is not told apart by operation. */
export function phaseCharts(totals: Totals): Chart[] {
  const connect = { label: "connect", colour: "third", distribution: totals.connect };
  const charts = byOperation(totals, (name, { ttfb, transfer }) =>
    curveChart(name, [
      { label: "first byte", colour: "first", distribution: ttfb },
      { label: "transfer", colour: "second", distribution: transfer },
      ...(name === "all operations" || totals.classes.length === 1 ? [connect] : []),
    ]),
  );
  return charts;
}

/** Service time by the size of the body. A bin is drawn at its lower end; bodies of no bytes stand at 1. */
export function sizeCharts({ sizes }: Totals): Chart[] {
  if (sizes.length === 0) return [];
  const line = (of: (service: Distribution) => number | null) =>
    sizes.map(({ service }) => {
      const nanos = of(service);
      return nanos === null ? null : nanos / 1e6;
    });
  return [
    {
      name: "service by size",
      x: "bytes",
      y: "ms",
      logarithmic: true,
      at: sizes
        .map(({ bin }) => Math.max(1, smallestOf(bin)))
        .map((at, i) => (i > 0 && at === 1 ? 2 : at)),
      lines: [
        { label: "max", colour: "quiet", width: 1.25, values: line(maximumOf) },
        { label: "p99", colour: "first", values: line((one) => supportedPercentile(one, 99)) },
        { label: "p90", colour: "second", values: line((one) => supportedPercentile(one, 90)) },
        { label: "p50", colour: "third", values: line((one) => supportedPercentile(one, 50)) },
      ].filter(({ values }) => values.some((value) => value !== null)),
    },
  ];
}

/** More curves than these cannot be told apart. */
const NODE_LINES_MAX = 8;
const nodeColours = ["first", "second", "third", "fourth", "bad", "ink", "muted", "quiet"];

export function nodeCharts({ nodes = [], paced }: RunFigures): Chart[] {
  const measured = nodes.slice(0, NODE_LINES_MAX).map(
    ({ name, response, service }, at): Measured => ({
      label: name,
      colour: nodeColours[at] ?? "quiet",
      distribution: paced ? response : service,
    }),
  );
  return measured.length === 0 ? [] : [curveChart(paced ? "response" : "service", measured)];
}
