// Sentences that whoever reads the figures of a pull test must know first.
import type { DriverEnd } from "../../pull/driver-contract.ts";
import { pullsOf, requestsOf } from "../../pull/pull-interval.ts";
import { clientLimited, type StepFigures } from "../../pull/step-record.ts";
import { firstElsewhere } from "./first-pulls.ts";

type RunOfCache = {
  /** The cache was pruned, and every prune succeeded. */
  readonly prunes: boolean;
  /** Null where nobody tells. */
  readonly upstreamPulls: number | null;
  /** First pulls of a machine whose image another one had pulled before. */
  readonly firstElsewhere?: number;
  /** Passwords went along with the requests, and no tokens. */
  readonly isBasic?: boolean;
};

/** `prunes`: the cache was pruned. */
export function runOfCache(
  end: Pick<DriverEnd, "sum" | "nodes" | "threads">,
  server: {
    readonly upstreamManifestGets: number | null;
    readonly counted: Readonly<Record<string, number>>;
  },
  prunes: boolean,
): RunOfCache {
  const { sum } = end;
  const totals = sum.totals();
  const tokens = [totals, sum.unmeasured].map((part) => requestsOf(part, "token").done);
  return {
    prunes: prunes && requestsOf(totals, "prune").failed === 0,
    upstreamPulls:
      server.upstreamManifestGets ?? server.counted.ociregistry_upstream_pulls_by_ns ?? null,
    firstElsewhere: firstElsewhere(end),
    isBasic:
      sum.count("challenges") > 0 &&
      pullsOf(totals).done > 0 &&
      tokens.every((count) => count === 0),
  };
}

export function warningsOf(
  steps: readonly StepFigures[],
  { prunes, upstreamPulls, firstElsewhere: elsewhere = 0, isBasic = false }: RunOfCache,
): string[] {
  const warnings: string[] = [];
  if (steps.some(isLimited))
    warnings.push(`${clientLimited} (step ${stepNames(steps, isLimited)})`);
  warnings.push(...steeperThanProportion(steps));
  if (prunes && upstreamPulls === 0)
    warnings.push(
      "all prunes succeeded but nothing was pulled from the upstream: the run was warm",
    );
  if (isBasic)
    warnings.push(
      "a password went along with every request (Basic): servers that check a bcrypt hash each time, as CNCF distribution does, need several milliseconds for it",
    );
  if (elsewhere > 0)
    warnings.push(
      `first and repeated pulls are told apart by each machine for itself: ${elsewhere} of the first ones had been pulled by another machine before, or at the same time`,
    );
  return warnings;
}

/** A dry run asks no server, so none can be faster. */
const isLimited = ({ flags, requestsPerSecond }: StepFigures): boolean =>
  flags.includes("C") && requestsPerSecond > 0;

/** Numbers of the steps meant; with the name of the phase where there are several. */
function stepNames(steps: readonly StepFigures[], isMeant: (step: StepFigures) => boolean): string {
  const phases = [...new Set(steps.map(({ phase }) => phase))];
  const numbers = phases.map((name) => ({
    name,
    own: steps.filter((step) => step.phase === name && isMeant(step)).map(({ step }) => step),
  }));
  return numbers
    .filter(({ own }) => own.length > 0)
    .map(({ name, own }) => (phases.length > 1 ? `${name} ${own.join(", ")}` : own.join(", ")))
    .join("; ");
}

/** By how much a rate must exceed the one in proportion to the first puller before anything is said about it. */
const STEEPER_MIN = 1.2;

/** Why a rate may rise faster than its pullers: those that were compared with filled the cache. */
function steeperThanProportion(steps: readonly StepFigures[]): string[] {
  const base = steps.find(({ phase, level }) => phase === "run" && level === 1);
  if (base === undefined || base.firstPulls < base.pulls / 2) return [];
  const steep = steps.filter(
    ({ phase, level, speedUp, firstPulls, pulls }) =>
      phase === base.phase && (speedUp ?? 0) > level * STEEPER_MIN && firstPulls < pulls / 2,
  );
  if (steep.length === 0) return [];
  const [named, all] = [steep.map(({ step }) => step).join(", "), base.pulls];
  return [
    `the rate rises faster than the pullers (step ${named}) for a reason: of the ${all} pulls of step ${base.step}, which they are compared with, ${base.firstPulls} were the first of their image, and later ones find it in the cache`,
  ];
}
