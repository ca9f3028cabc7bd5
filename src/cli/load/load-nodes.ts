import { UsageError } from "../../core/errors.ts";
import { findNodes, wantedNodes } from "../cluster/given-nodes.ts";
import type { NodeSet } from "../cluster/node-set.ts";
import type { Terminal } from "../command.ts";

type Given = Parameters<typeof wantedNodes>[0] & {
  readonly workers?: number | undefined;
  readonly pacing?: string | undefined;
};

/** The machines that send a load; undefined where this process does. Throws UsageError, and DrayageError for missing nodes. */
export async function loadNodes(given: Given, terminal: Terminal): Promise<NodeSet | undefined> {
  const wanted = wantedNodes(given);
  if (wanted === undefined) return undefined;
  // A node has as many threads as its cores bear, and the pacing that goes with them.
  for (const name of ["workers", "pacing"] as const)
    if (given[name] !== undefined)
      throw new UsageError(
        `--${name} is of this machine, and nodes choose their own: leave it out`,
      );
  return findNodes(wanted, terminal);
}
