// Pauses, resumes and speeds up a run: the one writer of its timebase. Pure but for the shared memory; the caller says what
// time it is.
import { type Nanos, nanos } from "../core/units.ts";
import { appendPiece, PIECES_MAX, Timebase } from "./timebase.ts";

/** `at`: ns since the start of the run, for several machines to agree on; without one it is as soon as all threads can know. */
export type RunControl = { readonly at?: number | undefined } & (
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** Schedule seconds per second, of the schedule as planned: 1 = as planned, whatever came before. */
  | { readonly kind: "speed"; readonly factor: number }
);

/** How a run is ended early: nothing new starts, or what is under way is cut off as well. */
export type EndKind = "drain" | "stop";

/** Whose end it is: somebody ordered it, a threshold of the run was missed, or the plan says so, which is none to be told of. */
export type EndedBy = "order" | "threshold" | "plan";

/** A control as it was applied: from the instant `clock` on, where the schedule stands at `schedule`, `slope` holds. */
export type AppliedControl = {
  readonly kind: RunControl["kind"] | EndKind;
  readonly clock: Nanos;
  readonly schedule: Nanos;
  /** 0 while paused. */
  readonly slope: number;
  /** What holds, or will hold when the pause is over. */
  readonly speed: number;
};

export type ControlAnswer =
  | ({ readonly applied: true } & AppliedControl)
  | { readonly applied: false; readonly reason: string };

const SPEED_MIN = 0.01;
const SPEED_MAX = 100;

const refused = (reason: string): ControlAnswer => ({ applied: false, reason });

export class TimebaseControl {
  readonly #memory: SharedArrayBuffer;
  readonly #timebase: Timebase;
  readonly #applied: AppliedControl[] = [];
  #speed = 1;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#timebase = new Timebase(memory);
  }

  /** Everything that was applied, in the order in which it was ordered. */
  get applied(): readonly AppliedControl[] {
    return this.#applied;
  }

  /** Applies a control, `soonest` at the earliest and not before the one that was applied last. */
  control(control: RunControl, soonest: Nanos): ControlAnswer {
    const last = this.#timebase.last();
    const reason = this.#refusal(control, last.slope === 0);
    if (reason !== undefined) return refused(reason);
    const clock = nanos(Math.max(control.at ?? soonest, soonest, last.clock));
    const schedule = nanos(last.schedule + (clock - last.clock) * last.slope);
    const speed = control.kind === "speed" ? control.factor : this.#speed;
    const stays = control.kind === "speed" && last.slope === 0;
    const slope = control.kind === "pause" || stays ? 0 : speed;
    if (!appendPiece(this.#memory, { clock, schedule, slope }))
      return refused(`a run can be paused, resumed or sped up ${PIECES_MAX - 1} times`);
    this.#speed = speed;
    const applied = { kind: control.kind, clock, schedule, slope, speed };
    this.#applied.push(applied);
    return { applied: true, ...applied };
  }

  /** Notes that the run ends early from an instant on: the schedule is left as it is. */
  end(kind: EndKind, clock: Nanos): AppliedControl {
    const applied = {
      kind,
      clock,
      schedule: this.#timebase.scheduleAt(clock),
      slope: this.#timebase.slopeAt(clock),
      speed: this.#speed,
    };
    this.#applied.push(applied);
    return applied;
  }

  #refusal(control: RunControl, paused: boolean): string | undefined {
    switch (control.kind) {
      case "pause":
        return paused ? "the run is paused already" : undefined;
      case "resume":
        return paused ? undefined : "the run is not paused";
      case "speed":
        return control.factor >= SPEED_MIN && control.factor <= SPEED_MAX
          ? undefined
          : `a speed lies between ${SPEED_MIN} and ${SPEED_MAX}, not ${control.factor}`;
      default:
        return control satisfies never;
    }
  }
}
