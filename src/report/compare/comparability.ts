import { activeSeconds } from "../run-figures.ts";
import type { StoredRecord, StoredRun } from "../stored-run.ts";

/** Something besides the registry that is not the same in both runs, so that it may explain a difference. */
export type Dissimilarity = { readonly what: string; readonly a: string; readonly b: string };

const SHOWN_MAX = 12;
/** Lengths and rates that differ by less are the same. */
const TOLERANCE = 0.05;

/** What differs between two runs: verb, version, plan, traces, rate, length, machine; and runs that cannot be trusted. */
export function dissimilarities(a: StoredRun, b: StoredRun): Dissimilarity[] {
  const ends = differing([
    ["trace hashes", hashesOf(a), hashesOf(b)],
    ["due times", a.figures.paced, b.figures.paced],
    ["ending", a.figures.ending, b.figures.ending],
    ["validity", a.figures.validity.verdict, b.figures.validity.verdict],
  ]);
  return [
    ...surroundings(a.record, b.record),
    ...ends,
    ...measured(a, b),
    ...planned(a.record, b.record),
  ];
}

const differing = (pairs: readonly (readonly [string, unknown, unknown])[]): Dissimilarity[] =>
  pairs
    .map(([what, one, other]) => ({ what, a: textOf(one), b: textOf(other) }))
    .filter((pair) => pair.a !== pair.b);

/** What a run does not choose. */
export const surroundings = (a: StoredRecord, b: StoredRecord): Dissimilarity[] =>
  differing([
    ["verb", a.verb, b.verb],
    ["version of drayage", a.tool.version, b.tool.version],
    ["runtime", a.runtime, b.runtime],
    ["machine", a.machine, b.machine],
  ]);

const hashesOf = ({ record }: StoredRun): unknown => record.traces.map(({ sha256 }) => sha256);

function measured(a: StoredRun, b: StoredRun): Dissimilarity[] {
  const rate = ({ figures }: StoredRun): number | null =>
    figures.planned === null ? null : figures.planned / activeSeconds(figures);
  const pairs: [string, number | null, number | null][] = [
    ["seconds", a.figures.seconds, b.figures.seconds],
    ["planned per second", rate(a), rate(b)],
  ];
  return pairs
    .filter(([, one, other]) => isApart(one ?? 0, other ?? 0))
    .map(([what, one, other]) => ({ what, a: shortNumber(one), b: shortNumber(other) }));
}

const isApart = (one: number, other: number): boolean =>
  Math.abs(one - other) > TOLERANCE * Math.max(one, other);

const shortNumber = (value: number | null): string =>
  value === null ? "none" : String(Number(value.toPrecision(4)));

/** Names of runs and of their files, and what was found out about their machines meanwhile: no two runs have these in common. */
const NO_CHOICE =
  /^(?:runId|config\.trace\.output|config\.verbose)$|^nodes\.\d+\.(?!name$|address$|cores$|lost)/;

/** Places of the plan that differ, by their path. */
export function planned(
  a: Pick<StoredRecord, "plan">,
  b: Pick<StoredRecord, "plan">,
): Dissimilarity[] {
  const [one, other] = [flat(a.plan), flat(b.plan)];
  const paths = [...new Set([...one.keys(), ...other.keys()])];
  const apart = paths
    .filter((path) => !NO_CHOICE.test(path))
    .map((path) => ({
      what: `plan ${path}`,
      a: one.get(path) ?? "none",
      b: other.get(path) ?? "none",
    }))
    .filter((pair) => pair.a !== pair.b);
  const more = apart.length - SHOWN_MAX;
  if (more <= 0) return apart;
  return [
    ...apart.slice(0, SHOWN_MAX),
    { what: `plan, ${more} more places`, a: "…", b: "differs" },
  ];
}

function flat(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[path, textOf(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...flat(inner, path === "" ? key : `${path}.${key}`),
    ]),
  );
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
