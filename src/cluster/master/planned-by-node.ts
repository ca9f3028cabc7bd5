/** Operations that are due in each second of the schedule, as nodes with feeders of their own tell them. */
export class PlannedByNode {
  readonly #tell: (second: number, operations: number) => void;
  /** By node and second: what was told so far. */
  readonly #told: readonly Map<number, number>[];

  constructor(nodes: number, tell: (second: number, operations: number) => void) {
    this.#tell = tell;
    this.#told = Array.from({ length: nodes }, () => new Map());
  }

  hear(node: number, second: number, operations: number): void {
    if (operations <= 0) return;
    const told = this.#told[node];
    told?.set(second, (told.get(second) ?? 0) + operations);
    this.#tell(second, operations);
  }

  /** All that a node had in a second: what it has not told of it is told now. */
  makeUp(node: number, second: number, operations: number): void {
    this.hear(node, second, operations - (this.#told[node]?.get(second) ?? 0));
  }
}
