// The machines that pull, and what has to be the same for their ramp to be carried on by another master.
import { createHash } from "node:crypto";
import { UsageError } from "../../core/errors.ts";
import type { Phase } from "../../pull/driver-contract.ts";
import type { PullPlan } from "../../workers/pull-plan.ts";
import { findNodes, rememberRun, takeNodes, wantedNodes } from "../cluster/given-nodes.ts";
import type { NodeSet } from "../cluster/node-set.ts";
import { type RunDescription, requireSame } from "../cluster/same-run.ts";
import type { Terminal } from "../command.ts";
import { version } from "../version.ts";
import type { PullGiven } from "./pull-options.ts";
import type { PullRequest } from "./pull-request.ts";

export type PullNodes = {
  readonly nodes: NodeSet;
  /** Another master can carry it on: the servers keep what that takes. */
  readonly outlasts: boolean;
};

/** Throws UsageError for what another master cannot carry on. Before anybody is asked for anything. */
export function requireResumable(given: PullGiven): void {
  if (given.resume === undefined) return;
  if (wantedNodes(given)?.cluster.nats === undefined)
    throw new UsageError(
      "--resume goes with --nats URLS, --group and --expect: only message servers keep a ramp for another master",
    );
  const alone = (["herd", "cold", "warm", "dry-run"] as const).find((name) => {
    const value = given[name];
    return value !== undefined && value !== false;
  });
  if (alone !== undefined)
    throw new UsageError(
      `--resume is for ramps alone: begin what has --${alone} anew, without --resume`,
    );
}

/**
 * Those of the ramp that is resumed, or others; undefined where this process pulls. `description` of a ramp that can be resumed.
 * Throws UsageError, and DrayageError for missing nodes.
 */
export async function pullNodes(
  given: PullGiven,
  description: RunDescription | undefined,
  terminal: Terminal,
): Promise<PullNodes | undefined> {
  const wanted = wantedNodes(given);
  const { resume: runId } = given;
  if (wanted === undefined) return undefined;
  if (description === undefined)
    return { nodes: await findNodes(wanted, terminal), outlasts: false };
  if (runId !== undefined) {
    const check = (begun: unknown): void => requireSamePull(begun, description);
    return { nodes: await takeNodes(wanted, { runId, check }, terminal), outlasts: true };
  }
  const found = await findNodes(wanted, terminal);
  const outlasts = await rememberRun(found, { called: "ramp", description }, terminal);
  return { nodes: found, outlasts };
}

/** Undefined for what another master could not do again: phases that depend on the one before, herds. */
export function describePull(
  { given, settings }: PullRequest,
  plan: PullPlan,
  phases: readonly Phase[],
): RunDescription | undefined {
  const [phase, ...more] = phases;
  if (phase?.kind !== "schedule" || more.length > 0 || settings.herd !== undefined)
    return undefined;
  if (given.cold === true || plan.dryRun) return undefined;
  const { images, lists, pruneExpressions, wire, probe, shuffle, errorBackoff } = plan;
  const { endpoint, ...requests } = wire;
  const { tallyMs, settleMs } = settings;
  return {
    version,
    cache: `${endpoint.origin}${endpoint.pathPrefix}`,
    schedule: { ...phase.schedule, passes: phase.passes, tallyMs, settleMs },
    images: digestOf([images, lists]),
    requests: { ...requests, probe, shuffle, errorBackoff, prune: phase.prune && pruneExpressions },
    seed: settings.seed,
  };
}

const digestOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex");

/** Throws UsageError that names what is different. */
function requireSamePull(begun: unknown, ramp: RunDescription): void {
  const there = begun as RunDescription;
  if (typeof there.cache !== "string")
    throw new UsageError(
      "this is no ramp: type drayage master --resume with its run directory, or drayage load --resume",
    );
  requireSame(there, ramp);
}
