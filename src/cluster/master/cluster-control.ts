// Pauses, resumes and speeds up a run on all nodes at one instant.
import { nanos } from "../../core/units.ts";
import { allocateTimebase, Timebase } from "../../pacing/timebase.ts";
import {
  type AppliedControl,
  type ControlAnswer,
  type RunControl,
  TimebaseControl,
} from "../../pacing/timebase-control.ts";
import type { Control } from "../protocol/message.ts";

/** Between an order and the instant that it holds from: it has reached every node by then. */
export const CONTROL_AHEAD_NS = 1e9;

export class ClusterControl {
  readonly timebase: Timebase;
  readonly #control: TimebaseControl;

  constructor() {
    const memory = allocateTimebase();
    this.timebase = new Timebase(memory);
    this.#control = new TimebaseControl(memory);
  }

  /** `elapsed`: ns since the start; undefined before it. `order` carries to the nodes what is applied. */
  apply(
    control: RunControl,
    elapsed: number | undefined,
    order: (control: Control) => void,
  ): ControlAnswer {
    const soonest = elapsed === undefined ? 0 : elapsed + CONTROL_AHEAD_NS;
    const answer = this.#control.control(control, nanos(soonest));
    if (!answer.applied) return answer;
    const factor = control.kind === "speed" ? control.factor : 1;
    order({ type: "control", order: control.kind, atNs: answer.clock, factor });
    return answer;
  }

  /** An order that an earlier master gave. */
  recall({ order, atNs, factor }: Control): void {
    if (order === "pause" || order === "resume")
      this.#control.control({ kind: order, at: atNs }, nanos(0));
    if (order === "speed") this.#control.control({ kind: order, at: atNs, factor }, nanos(0));
  }

  /** Ends the run on all nodes at one instant: nothing new starts from then on, or what is under way is cut off as well. */
  end(kind: "drain" | "stop", elapsed: number | undefined): Control {
    const atNs = elapsed === undefined ? 0 : Math.max(0, elapsed + CONTROL_AHEAD_NS);
    return { type: "control", order: kind, atNs, factor: 1 };
  }

  get applied(): readonly AppliedControl[] {
    return this.#control.applied;
  }
}
