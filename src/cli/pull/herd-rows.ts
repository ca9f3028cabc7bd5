// The table of herds, in summary and page.
import type { HerdFigures } from "../../pull/herd-run.ts";

const HERDS_SHOWN = 10;

export const herdHead = [
  "herd",
  "image",
  "clients",
  "failed",
  "skew ms",
  "leader ms",
  "rest p50",
  "rest p99",
  "last ms",
  "upstream manifests",
  "blobs",
];

const inMs = (value: number | null): string => (value === null ? "-" : value.toFixed(2));

const herdCells = (herd: HerdFigures): string[] => [
  String(herd.herd),
  herd.image,
  String(herd.clients),
  String(herd.failed),
  inMs(herd.skewMs),
  inMs(herd.leaderMs),
  inMs(herd.restP50Ms),
  inMs(herd.restP99Ms),
  inMs(herd.lastMs),
  herd.upstream === null ? "n/a" : String(herd.upstream.manifestGets),
  herd.upstream === null ? "n/a" : String(herd.upstream.blobGets),
];

/** The first ones, and all of them together. */
export function herdRows(herds: readonly HerdFigures[]): string[][] {
  const rows = herds.slice(0, HERDS_SHOWN).map(herdCells);
  if (herds.length > 1) rows.push(allHerds(herds));
  return rows;
}

function allHerds(herds: readonly HerdFigures[]): string[] {
  const sum = (of: (herd: HerdFigures) => number): number =>
    herds.reduce((total, herd) => total + of(herd), 0);
  const median = (of: (herd: HerdFigures) => number | null): string => {
    const values = herds
      .map(of)
      .filter((value) => value !== null)
      .sort((a, b) => a - b);
    return inMs(values[Math.floor((values.length - 1) / 2)] ?? null);
  };
  const known = herds.every(({ upstream }) => upstream !== null);
  return [
    "all",
    `median of ${herds.length}; sums`,
    String(sum(({ clients }) => clients)),
    String(sum(({ failed }) => failed)),
    median(({ skewMs }) => skewMs),
    median(({ leaderMs }) => leaderMs),
    median(({ restP50Ms }) => restP50Ms),
    median(({ restP99Ms }) => restP99Ms),
    median(({ lastMs }) => lastMs),
    known ? String(sum(({ upstream }) => upstream?.manifestGets ?? 0)) : "n/a",
    known ? String(sum(({ upstream }) => upstream?.blobGets ?? 0)) : "n/a",
  ];
}
