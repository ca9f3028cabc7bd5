import type { CacheResult } from "../../plugins/simulations/cache/cache-simulation.ts";
import type { ShippedResult } from "../../plugins/simulations/catalogue.ts";
import type { PrefetchResult } from "../../plugins/simulations/prefetch/prefetch-simulation.ts";
import type { TierFigures } from "../../plugins/simulations/two-tier/tier-tally.ts";
import {
  type TwoTierResult,
  twoTierLines,
} from "../../plugins/simulations/two-tier/two-tier-simulation.ts";
import { formatBytes, formatCount, formatShare } from "../../report/number-format.ts";
import { alignRows, type Paint } from "../../report/text-table.ts";
import type { SimulationResult } from "./messages.ts";
import { plainResult } from "./simulation-figures.ts";

/** The results as text: a table, the lines that scripts know, or what a plug-in returned as `key: value`. */
export function simulationText(result: SimulationResult, paint: Paint): string[] {
  if (result.kind === "shipped") return shippedText(result.figures, paint);
  const value = plainResult(result);
  if (value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) return [wordOf(value)];
  return Object.entries(value).map(([key, inner]) => `${key}: ${wordOf(inner)}`);
}

const wordOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

function shippedText(figures: ShippedResult, paint: Paint): string[] {
  switch (figures.kind) {
    case "cache":
      return cacheText(figures, paint);
    case "two-tier":
      return twoTierText(figures);
    case "prefetch":
      return prefetchText(figures, paint);
    default:
      return figures satisfies never;
  }
}

export const cacheHead: readonly string[] = [
  "size",
  "policy",
  "hits",
  "hit ratio",
  "byte hit ratio",
  "evictions",
  "too large",
];

export const cacheCells = ({ rows }: CacheResult): string[][] =>
  rows.map((row) => [
    sizeText(row.size, row.share),
    row.policy,
    formatCount(row.hits),
    formatShare(row.hitRatio),
    formatShare(row.byteHitRatio),
    formatCount(row.evictions),
    formatCount(row.tooLarge),
  ]);

const sizeText = (bytes: number, share: number | null): string =>
  share === null
    ? formatBytes(bytes)
    : `${formatBytes(bytes)} (${Number((share * 100).toPrecision(6))}%)`;

/** Sizes down, policies across. */
export function hitRatioTable({ rows }: CacheResult): { head: string[]; cells: string[][] } {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const cells = sizes.map((size) => {
    const those = rows.filter((row) => row.size === size);
    const ratios = policies.map((name) =>
      formatShare(those.find(({ policy }) => policy === name)?.hitRatio ?? null),
    );
    return [sizeText(size, those[0]?.share ?? null), ...ratios];
  });
  return { head: ["hit ratio", ...policies], cells };
}

/** Facts about the requests, and the sentence that says what belady is worth here. */
export function cacheFacts(result: CacheResult): [string, string][] {
  const { requests, warmRequests, leftOut, objects, distinctBytes, sizeChanges, rows } = result;
  const sizeless: [string, string][] =
    result.withoutSize === 0
      ? []
      : [
          [
            "without a size",
            `${formatCount(result.withoutSize)} requests: an object of unknown size counts as 1 byte`,
          ],
        ];
  const belady: [string, string][] = rows.some(({ policy }) => policy === "belady")
    ? [
        [
          "belady",
          result.beladyIsBound
            ? "an exact bound: all objects have one size"
            : "a strong reference, no proven bound: sizes differ",
        ],
      ]
    : [];
  return [
    ["requests", `${formatCount(requests)}, of which ${formatCount(warmRequests)} warm the caches`],
    ["left out", `${formatCount(leftOut)} of other kinds and methods`],
    ["objects", `${formatCount(objects)}, ${formatBytes(distinctBytes)} (${distinctBytes} bytes)`],
    [
      "size changes",
      `${formatCount(sizeChanges)} requests; an object keeps the size it came in with`,
    ],
    ...sizeless,
    ...belady,
  ];
}

function cacheText(result: CacheResult, paint: Paint): string[] {
  const table = (head: readonly string[], cells: readonly string[][], sides: string): string[] =>
    alignRows([{ cells: head, paint: paint.dim }, ...cells.map((row) => ({ cells: row }))], sides);
  const { head, cells } = hitRatioTable(result);
  const facts = cacheFacts(result).map((row) => ({ cells: row }));
  return [
    ...alignRows(facts, "l"),
    "",
    ...table(head, cells, "lr"),
    "",
    ...table(cacheHead, cacheCells(result), "llr"),
  ];
}

/** The twelve lines, and where nothing has to look as the original what the tiers have done besides. */
function twoTierText(result: TwoTierResult): string[] {
  const lines = twoTierLines(result);
  if (result.compat) return lines;
  return [...lines, ...tierRows(result).map((row) => row.join(": "))];
}

/** Name of a tier, and its figures since it was warm. */
export const tierRows = ({ memory, fs }: TwoTierResult): [string, string][] => [
  ["memory", tierText(memory, memory.evictions)],
  ...fs.map(({ multiple, tier, evictions }): [string, string] => [
    `fs ${multiple}`,
    tierText(tier, evictions),
  ]),
];

function tierText(tier: TierFigures, evictions: number): string {
  const methods = Object.entries(tier.byMethod).map(
    ([method, { hits, requests }]) => `${method} ${hits}/${requests}`,
  );
  return [
    `hit ratio ${formatShare(tier.hitRatio)}`,
    `byte hit ratio ${formatShare(tier.byteHitRatio)}`,
    `${formatBytes(tier.hitBytes)} of ${formatBytes(tier.bytes)}`,
    `${formatCount(evictions)} evictions`,
    ...methods,
  ].join(", ");
}

export const prefetchHead: readonly string[] = [
  "repository time-out",
  "manifest time-out",
  "hits",
  "good",
  "bad",
  "misses",
  "ratio",
  "most bytes",
];

export const prefetchCells = ({ rows }: PrefetchResult): string[][] =>
  rows.map((row) => [
    `${row.repositoryTimeout}s`,
    `${row.manifestTimeout}s`,
    formatCount(row.hits),
    formatCount(row.good),
    formatCount(row.bad),
    formatCount(row.misses),
    String(Number(row.ratio.toPrecision(6))),
    formatBytes(row.maxBytes),
  ]);

function prefetchText(result: PrefetchResult, paint: Paint): string[] {
  const rows = prefetchCells(result).map((cells) => ({ cells }));
  const note = result.compat ? ["time-outs have no effect, as in the original"] : [];
  return [...alignRows([{ cells: prefetchHead, paint: paint.dim }, ...rows], "r"), ...note];
}
