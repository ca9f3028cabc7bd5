// Runs once per row; allocates nothing.
import { invariant } from "../../core/errors.ts";
import { secondsOf } from "../event-time.ts";
import type { Cell, Column } from "./table-layout.ts";

/** All in microseconds. */
type Moving = {
  /** Zero of the seconds; it is not shifted, so times and seconds together do not give the shift away. */
  readonly epoch: number;
  /** Added to every time. */
  readonly shift: number;
  /** Times are cut to multiples of this; 0 keeps them. */
  readonly round: number;
};

type Derived = { readonly at: number; readonly of: number; readonly since: number | undefined };

/** Moves the times of a row and computes its seconds from them. */
export class TimeCells {
  readonly #times: readonly number[];
  readonly #derived: readonly Derived[];
  readonly #moving: Moving;

  constructor(columns: readonly Column[], moving: Moving) {
    const place = (name: string): number => {
      const at = columns.findIndex((column) => column.name === name);
      invariant(at >= 0, `the layout has a column ${name}`);
      return at;
    };
    this.#moving = moving;
    this.#times = columns.flatMap(({ kind }, at) => (kind === "time" ? [at] : []));
    this.#derived = columns.flatMap(({ of, since }, at) =>
      of === undefined
        ? []
        : [{ at, of: place(of), since: since === undefined ? undefined : place(since) }],
    );
  }

  /** Changes the cells in place. The cells of times hold unmoved microseconds before. */
  apply(cells: Cell[]): void {
    const { epoch, shift, round } = this.#moving;
    for (const at of this.#times) {
      const time = cells[at] as number | null;
      if (time === null) continue;
      const moved = time + shift;
      cells[at] = round === 0 ? moved : Math.floor(moved / round) * round;
    }
    for (const { at, of, since } of this.#derived) {
      const time = cells[of] as number | null;
      const zero = since === undefined ? epoch : (cells[since] as number | null);
      cells[at] = time === null || zero === null ? null : secondsOf(time - zero);
    }
  }
}
