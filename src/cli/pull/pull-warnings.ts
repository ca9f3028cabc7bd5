// Sentences that whoever reads the figures of a pull test must know first.
import { clientLimited, type StepFigures } from "../../pull/step-record.ts";

type RunOfCache = {
  /** The run was meant to be cold. */
  readonly prunes: boolean;
  /** Null where nobody tells. */
  readonly upstreamManifestGets: number | null;
  /** First pulls of a machine whose image another one had pulled before. */
  readonly firstElsewhere?: number;
};

export function warningsOf(
  steps: readonly StepFigures[],
  { prunes, upstreamManifestGets, firstElsewhere = 0 }: RunOfCache,
): string[] {
  const warnings: string[] = [];
  if (steps.some(({ flags }) => flags.includes("C"))) {
    warnings.push(
      `${clientLimited} (step ${stepNames(steps, ({ flags }) => flags.includes("C"))})`,
    );
  }
  warnings.push(...steeperThanProportion(steps));
  if (prunes && upstreamManifestGets === 0)
    warnings.push(
      "all prunes succeeded but nothing was pulled from the upstream: the run was warm",
    );
  if (firstElsewhere > 0)
    warnings.push(
      `first and repeated pulls are told apart by each machine for itself: ${firstElsewhere} of the first ones had been pulled by another machine before, or at the same time`,
    );
  return warnings;
}

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
