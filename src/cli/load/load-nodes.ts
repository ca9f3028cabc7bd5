import { UsageError } from "../../core/errors.ts";
import { findNodes, rememberRun, takeNodes, wantedNodes } from "../cluster/given-nodes.ts";
import type { NodeSet } from "../cluster/node-set.ts";
import type { RunDescription } from "../cluster/same-run.ts";
import type { Terminal } from "../command.ts";
import { requireSameLoad } from "./load-description.ts";

type Given = Parameters<typeof wantedNodes>[0] & {
  readonly workers?: number | undefined;
  readonly pacing?: string | undefined;
  readonly resume?: string | undefined;
};

/**
 * The machines that send a load, those of the load that is resumed or others; undefined where this process does. What resuming
 * needs is kept where the transport keeps anything. Throws UsageError, and DrayageError for missing nodes.
 */
export async function loadNodes(
  given: Given,
  description: RunDescription,
  terminal: Terminal,
): Promise<NodeSet | undefined> {
  const wanted = wantedNodes(given);
  const { resume: runId } = given;
  if (wanted === undefined) {
    if (runId === undefined) return undefined;
    throw new UsageError(
      "--resume goes with --nats URLS, --group and --expect: only message servers keep a load for another master",
    );
  }
  // A node has as many threads as its cores bear, and the pacing that goes with them.
  for (const name of ["workers", "pacing"] as const)
    if (given[name] !== undefined)
      throw new UsageError(
        `--${name} is of this machine, and nodes choose their own: leave it out`,
      );
  if (runId !== undefined) {
    const check = (begun: unknown): void => requireSameLoad(begun, description);
    return takeNodes(wanted, { runId, check }, terminal);
  }
  const nodes = await findNodes(wanted, terminal);
  await rememberRun(nodes, { called: "load", description }, terminal);
  return nodes;
}
