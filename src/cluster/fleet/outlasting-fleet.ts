// A ramp that goes on when its master is gone. The whole schedule is with the nodes, and what has to be known of it with the
// servers; another master hears from there what nodes have told, and cuts it at the instants of the schedule as the first one did.
//
//   note start      -> the instant that everything counts from
//   note schedule   -> when the schedule begins
//   note halt       -> it was told to end before its end
//   results         -> figures and events, by way of the links, when whoever reads them has asked for all instants that are over
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import type { OutlastingPullers, ScheduledOrders } from "../../workers/pull-engine.ts";
import type { ToPullThread } from "../../workers/pull-messages.ts";
import type { Patience } from "../conversation.ts";
import type { BegunRun, Link, RunMemory } from "../link.ts";
import { goOn, instantOf, silentNodes } from "../master/carried-on.ts";
import { announceStart, type StartNote } from "../master/common-start.ts";
import type { NodeHandle } from "../master/node-handle.ts";
import type { FleetFigures } from "./fleet-figures.ts";

type Halted = NonNullable<OutlastingPullers["halted"]>;
type FleetNote =
  | StartNote
  /** ns since the start. */
  | { readonly kind: "schedule"; readonly fromNs: number }
  | { readonly kind: "halt"; readonly atNs: number; readonly by: Halted["by"] };

/** Between the announcement of a schedule and its beginning. */
const AHEAD_NS = 1e9;
/** How long an order waits for its note. */
const NOTE_MS_MAX = 500;

type FleetParts = {
  readonly nodes: readonly NodeHandle[];
  readonly clock: Clock;
  readonly memory: RunMemory;
  /** Another master began it. */
  readonly begun: BegunRun | undefined;
  readonly patience: Patience;
  readonly figures: FleetFigures;
  readonly failed: (error: unknown) => void;
};

export class OutlastingFleet implements OutlastingPullers {
  start = { at: 0, wallMs: 0 };
  halted: Halted | undefined;
  readonly #parts: FleetParts;
  #fromNs: number | undefined;
  #noted: StartNote | undefined;
  #silent: ReadonlyMap<Link, string> = new Map();

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  /** Agrees on the start with all nodes, or learns when it was. Throws DrayageError where there was none. */
  async begin(): Promise<void> {
    const { begun, clock, figures } = this.#parts;
    if (begun === undefined) await this.#startTogether();
    else await this.#takeOver(begun);
    figures.startAt = this.start.at;
    await delay(Math.max(0, (this.start.at - clock.now()) / 1e6));
  }

  async #startTogether(): Promise<void> {
    const { nodes, clock } = this.#parts;
    const { at, wallUs } = await announceStart(nodes, clock, this.#parts);
    this.start = { at, wallMs: wallUs / 1000 };
  }

  async #takeOver(begun: BegunRun): Promise<void> {
    const { nodes, clock } = this.#parts;
    this.#silent = await silentNodes(begun, nodes, clock);
    const notes = (await begun.notes()) as readonly FleetNote[];
    this.#noted = notes.find((note) => note.kind === "start");
    if (this.#noted === undefined)
      throw new DrayageError("target-unreachable", "the ramp had not begun: start it anew");
    const at = instantOf(this.#noted, nodes, clock);
    this.start = { at, wallMs: this.#noted.wallUs / 1000 };
    this.#fromNs = notes.find((note) => note.kind === "schedule")?.fromNs;
    const halt = notes.find((note) => note.kind === "halt");
    if (halt !== undefined) this.halted = { at: at + halt.atNs, by: halt.by };
  }

  async follow(orders: Iterable<ScheduledOrders>): Promise<number> {
    const { begun, failed } = this.#parts;
    const fromNs = this.#fromNs ?? (await this.#noteBeginning());
    this.#say(fromNs, [...orders]);
    // Behind this turn, on which whoever reads figures asks for all instants that are over.
    if (begun !== undefined) setImmediate(() => void this.#retell(begun).catch(failed));
    return this.start.at + fromNs;
  }

  /** Whoever takes the ramp over must be able to know it before any node does. */
  async #noteBeginning(): Promise<number> {
    const { clock, memory } = this.#parts;
    for (;;) {
      // At a second's end, when nodes tell their figures anyway.
      const seconds = Math.ceil((clock.now() + AHEAD_NS - this.start.at) / 1e9);
      const fromNs = seconds * 1e9;
      await memory.note({ kind: "schedule", fromNs } satisfies FleetNote);
      if (clock.now() <= this.start.at + fromNs - AHEAD_NS / 2) return fromNs;
    }
  }

  /** Nodes follow what begins at one instant only once. */
  #say(fromNs: number, orders: readonly ScheduledOrders[]): void {
    const { nodes } = this.#parts;
    for (const { index, isAlive, conversation } of nodes) {
      if (!isAlive) continue;
      const isOwn = (order: ToPullThread): boolean =>
        !("puller" in order) || order.puller % nodes.length === index;
      const entries = orders.map(({ atMs, orders: all }) => ({
        atNs: fromNs + atMs * 1e6,
        cut: true,
        orders: all.filter(isOwn),
      }));
      conversation.say({ type: "pull-schedule", fromNs, entries });
    }
  }

  async #retell(begun: BegunRun): Promise<void> {
    const { nodes, patience } = this.#parts;
    await begun.retell({ work() {}, note() {}, room: async () => {} });
    for (const { conversation } of nodes) conversation.bePatient(patience);
    if (this.#noted !== undefined) goOn(this.#noted, nodes, this.#silent);
  }

  upTo(at: number): Promise<void> {
    return this.#parts.figures.upTo(at - this.start.at);
  }

  /** Noted first: the next master must know what a node may know. */
  async halt({ at, by }: Halted): Promise<void> {
    const { memory, nodes } = this.#parts;
    const atNs = at - this.start.at;
    const noted = memory.note({ kind: "halt", atNs, by } satisfies FleetNote).catch(() => {});
    await Promise.race([noted, delay(NOTE_MS_MAX, undefined, { ref: false })]);
    for (const { isAlive, conversation } of nodes)
      if (isAlive) conversation.say({ type: "pull-halt", atNs });
  }
}
