import { DrayageError } from "../../core/errors.ts";
import type { NodeHandle } from "./node-handle.ts";

/** Between the first refusal of a node and the end of the command, while others have not answered. */
const REFUSALS_MS = 5000;

/** Nodes that do not take part: one is enough to end a run before its start. */
export class Refusals {
  readonly #nodes: readonly NodeHandle[];
  readonly #refuse: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `refuse` is called with what `throwAny` throws. */
  constructor(nodes: readonly NodeHandle[], refuse: (error: unknown) => void) {
    this.#nodes = nodes;
    this.#refuse = refuse;
  }

  /** Throws DrayageError `node-refused` with the sentences of all nodes that do not take part, if there are any. */
  throwAny(): void {
    const refused = this.#nodes.filter(({ state }) => state === "refused");
    if (refused.length === 0) return;
    const lines = refused.map((node) => `node ${node.title}: ${node.reason}`);
    throw new DrayageError("node-refused", lines.join("\n"));
  }

  /** A run that does not take place is told with the sentences of all nodes, of those that take long a little later or never. */
  await(): void {
    if (!this.#nodes.some(({ state }) => state === "refused")) return;
    if (!this.#nodes.some(({ state }) => state === "planned")) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), REFUSALS_MS);
  }

  #tell(): void {
    try {
      this.throwAny();
    } catch (error) {
      this.#refuse(error);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
