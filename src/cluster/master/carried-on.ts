// What is the same for every run that another master carries on: who of its nodes still answers, and when it began.
import type { Clock } from "../../core/clock.ts";
import type { BegunRun, Link } from "../link.ts";
import type { StartNote } from "./common-start.ts";
import type { NodeHandle } from "./node-handle.ts";

/** By their link, why nodes are not there. Clocks of the others are known then. */
export async function silentNodes(
  { gone }: BegunRun,
  nodes: readonly NodeHandle[],
  clock: Clock,
): Promise<ReadonlyMap<Link, string>> {
  const silent = new Map(gone);
  for (const node of nodes) {
    const { link } = node.conversation;
    if (gone.has(link) || (await node.measureClocks(clock)) !== undefined) continue;
    silent.set(link, "it does not answer questions about its clock");
  }
  return silent;
}

/** On the clock of this master: by the clock of a node that is still there; if none is, by the wall clocks of two masters. */
export function instantOf(
  { atNs, wallUs }: StartNote,
  nodes: readonly NodeHandle[],
  clock: Clock,
): number {
  const known = nodes.find(({ clocks }) => clocks !== undefined);
  if (known?.clocks !== undefined) return (atNs[known.index] as number) - known.clocks.offset;
  return clock.now() - (Date.now() * 1000 - wallUs) * 1000;
}

/** Everything that was told is known: nodes that are not there are lost, and the others hear when the run began. */
export function goOn(
  { atNs, wallUs }: StartNote,
  nodes: readonly NodeHandle[],
  silent: ReadonlyMap<Link, string>,
): void {
  for (const node of nodes) {
    const absence = silent.get(node.conversation.link);
    if (absence !== undefined) node.lose(absence);
    // Whoever has heard it does not mind.
    else node.conversation.say({ type: "start", atNs: atNs[node.index] as number, wallUs });
  }
}
