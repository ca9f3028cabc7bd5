// The table that HdrHistogram prints of a histogram (outputPercentileDistribution), to the letter. Its own walks all counters
// up to the highest value and computes what each stands for: 10 ms of processor time a table, of which a short run writes a
// dozen. This walks the counters that are not zero.
import { type Distribution, maximumOf } from "../stats/distribution.ts";
import { BUCKET_COUNT, highestAt, lowestAt, SUB_BUCKET_COUNT } from "../stats/histogram.ts";

type Scale = {
  /** Points between a percentile and the one half as far from 100 %. */
  readonly ticksPerHalf: number;
  /** What values are divided by. */
  readonly unit: number;
};

/** Of a distribution that has values. */
export function percentileTable(distribution: Distribution, { ticksPerHalf, unit }: Scale): string {
  const rows: string[] = [];
  eachPoint(distribution, ticksPerHalf, ({ value, percent, count }) => {
    const level = percent / 100;
    const distance = percent < 100 ? ` ${padded(cents(1 / (1 - level)), 14)}` : "";
    rows.push(
      `${inUnits(value / unit)} ${padded(fine(level), 2)} ${padded(count, 10)}${distance}\n`,
    );
  });
  const { mean, deviation } = spreadOf(distribution);
  const [buckets, subBuckets] = [BUCKET_COUNT, SUB_BUCKET_COUNT].map((count) => padded(count, 12));
  return `       Value     Percentile TotalCount 1/(1-Percentile)

${rows.join("")}#[Mean    = ${inUnits(mean / unit)}, StdDeviation   = ${inUnits(deviation / unit)}]
#[Max     = ${inUnits(maximumOf(distribution) / unit)}, Total count    = ${padded(distribution.total, 12)}]
#[Buckets = ${buckets}, SubBuckets     = ${subBuckets}]
`;
}

type Point = { readonly value: number; readonly percent: number; readonly count: number };

/** The points of the table, of which several may lie in one bucket. The last one is at 100 %. */
function eachPoint(
  { indices, counts, total }: Distribution,
  ticksPerHalf: number,
  take: (point: Point) => void,
): void {
  let percent = 0;
  let count = 0;
  indices.forEach((index, i) => {
    count += counts[i] as number;
    const value = highestAt(index);
    while ((100 * count) / total >= percent) {
      take({ value, percent, count });
      // All has been counted: what is left is the end.
      if (count >= total) break;
      const halves = Math.floor(Math.log2(100 / (100 - percent))) + 1;
      percent += 100 / (ticksPerHalf * 2 ** halves);
    }
    if (count >= total) take({ value, percent: 100, count });
  });
}

/** As from the middles of the buckets. */
function spreadOf({ indices, counts, total }: Distribution): { mean: number; deviation: number } {
  const middles = indices.map(
    (index) => lowestAt(index) + Math.floor((highestAt(index) - lowestAt(index) + 1) / 2),
  );
  const sum = (of: (middle: number) => number): number =>
    middles.reduce((so, middle, i) => so + of(middle) * (counts[i] as number), 0);
  const mean = sum((middle) => middle) / total;
  const variance = sum((middle) => (middle - mean) * (middle - mean)) / total;
  return { mean, deviation: Math.sqrt(variance) };
}

const digits = (count: number): ((value: number) => string) => {
  const { format } = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: count,
    maximumFractionDigits: count,
    useGrouping: false,
  });
  return format;
};
const [cents, thousandths, fine] = [digits(2), digits(3), digits(12)] as const;

const padded = (value: string | number, width: number): string => String(value).padStart(width);
const inUnits = (value: number): string => padded(thousandths(value), 12);
