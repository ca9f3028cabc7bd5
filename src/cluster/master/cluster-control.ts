// Pauses, resumes, speeds up and ends a run on all nodes at one instant.
//
// An order is noted before it is said, where notes are kept: whoever carries the run on knows everything that a node may know.
// What the note takes is part of the time that an order is given ahead; one that takes longer is said without waiting for it.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Nanos, nanos } from "../../core/units.ts";
import { allocateTimebase, Timebase } from "../../pacing/timebase.ts";
import {
  type AppliedControl,
  type ControlAnswer,
  type EndedBy,
  type EndKind,
  type RunControl,
  TimebaseControl,
} from "../../pacing/timebase-control.ts";
import type { RunMemory } from "../link.ts";
import type { Control } from "../protocol/message.ts";
import type { NodeHandle } from "./node-handle.ts";
import type { RunNote } from "./retelling.ts";

/** Between an order and the instant that it holds from: it has reached every node by then. */
export const CONTROL_AHEAD_NS = 1e9;

/** How long an order waits for its note. */
const NOTE_MS_MAX = 500;

export type ControlPlaces = {
  readonly nodes: readonly Pick<NodeHandle, "isAlive" | "conversation">[];
  readonly memory: Pick<RunMemory, "note"> | undefined;
};

export class ClusterControl {
  readonly timebase: Timebase;
  readonly #control: TimebaseControl;
  readonly #places: ControlPlaces;
  /** All orders so far, those of earlier masters included. */
  readonly #given: Control[] = [];
  /** One order after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(places: ControlPlaces) {
    const memory = allocateTimebase();
    this.timebase = new Timebase(memory);
    this.#control = new TimebaseControl(memory);
    this.#places = places;
  }

  /** `elapsed`: ns since the start; undefined before it. */
  apply(control: RunControl, elapsed: number | undefined): ControlAnswer {
    const soonest = elapsed === undefined ? 0 : elapsed + CONTROL_AHEAD_NS;
    const answer = this.#control.control(control, nanos(soonest));
    if (!answer.applied) return answer;
    const factor = control.kind === "speed" ? control.factor : 1;
    this.#order({ order: control.kind, atNs: answer.clock, factor });
    return answer;
  }

  /**
   * Ends the run on all nodes at one instant: nothing new starts from then on, or what is under way is cut off as well. Where
   * the schedule stands then.
   */
  end(kind: EndKind, elapsed: number | undefined, by: EndedBy): Nanos {
    const atNs = elapsed === undefined ? 0 : Math.max(0, elapsed + CONTROL_AHEAD_NS);
    this.#order({ order: kind, atNs, factor: 1 }, by);
    if (by !== "plan") this.#control.end(kind, nanos(atNs));
    return this.timebase.scheduleAt(atNs);
  }

  #order(said: Omit<Control, "type" | "id">, by: EndedBy = "order"): void {
    const control: Control = { type: "control", id: randomUUID(), ...said };
    this.#given.push(control);
    const { memory } = this.#places;
    if (memory === undefined) {
      this.#say([control]);
      return;
    }
    // A note that is lost is not worth the run: another master would go on at another pace.
    const noted = memory.note({ kind: "control", control, by } satisfies RunNote).catch(() => {});
    this.#turn = this.#turn.then(async () => {
      await Promise.race([noted, delay(NOTE_MS_MAX, undefined, { ref: false })]);
      this.#say([control]);
    });
  }

  #say(controls: readonly Control[]): void {
    for (const node of this.#places.nodes)
      for (const control of controls) if (node.isAlive) node.conversation.say(control);
  }

  /** An order that an earlier master gave. */
  recall(control: Control, by: EndedBy): void {
    this.#given.push(control);
    const { order, atNs, factor } = control;
    if ((order === "drain" || order === "stop") && by !== "plan")
      this.#control.end(order, nanos(atNs));
    if (order === "pause" || order === "resume")
      this.#control.control({ kind: order, at: atNs }, nanos(0));
    if (order === "speed") this.#control.control({ kind: order, at: atNs, factor }, nanos(0));
  }

  /**
   * Says everything again that was ordered: an earlier master may have died between the note and the word, and who has no plan
   * yet takes no orders. Nodes know which is which.
   */
  repeat(): void {
    this.#say(this.#given);
  }

  get applied(): readonly AppliedControl[] {
    return this.#control.applied;
  }
}
