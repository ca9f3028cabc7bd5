import type { PathFilter } from "./event.ts";
import type { PathTable } from "./path-table.ts";

/** Which ids of a file pass, asked once each. */
export class IdFilter {
  readonly #paths: PathTable;
  readonly #filter: PathFilter;
  #known = new Uint8Array(256);

  constructor(paths: PathTable, filter: PathFilter) {
    this.#paths = paths;
    this.#filter = filter;
  }

  passes(id: number): boolean {
    if (id >= this.#known.length) {
      const larger = new Uint8Array(Math.max(id + 1, this.#known.length * 2));
      larger.set(this.#known);
      this.#known = larger;
    }
    if (this.#known[id] === 0 && id < this.#paths.count)
      this.#known[id] = this.#filter.matches(this.#paths.path(id)) ? 1 : 2;
    return this.#known[id] === 1;
  }
}
