// Ends a run before its plan does: on all nodes at one instant, and here for whoever reads operations for them.
import type { Nanos } from "../../core/units.ts";
import type { EndedBy, EndKind } from "../../pacing/timebase-control.ts";
import type { RunOrders } from "../../workers/run-orders.ts";
import type { Dealing } from "./dealing.ts";

type Parts = {
  readonly orders: Pick<RunOrders, "stop" | "cut">;
  readonly dealing: Pick<Dealing, "whenAbreast">;
  /** Tells the nodes; returns where the schedule stands then. */
  readonly say: (kind: EndKind, by: EndedBy) => Nanos;
  /** The schedule ends there. */
  readonly endsAt: (schedule: Nanos) => void;
};

type End = { readonly kind: EndKind; readonly by: EndedBy };

export class EarlyEnd {
  /** Nothing waits for its time any more: nodes are given what is left, and give it back unsent. */
  isBegun = false;
  readonly #parts: Parts;
  #isHeld = false;
  /** What was ordered meanwhile. */
  #later: End | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  order(kind: EndKind, by: EndedBy): void {
    if (this.#isHeld) {
      this.#later = { kind, by };
      return;
    }
    this.isBegun = true;
    this.#cut(kind);
    this.#parts.endsAt(this.#parts.say(kind, by));
  }

  #cut(kind: EndKind): void {
    if (kind === "stop") this.#parts.orders.cut();
    else this.#parts.orders.stop();
  }

  /** An earlier master ordered it. What that one has given to nodes is read all the same: it has rows. */
  recall(kind: EndKind, schedule: Nanos): void {
    this.isBegun = true;
    this.#parts.endsAt(schedule);
    this.#parts.dealing.whenAbreast(() => this.#cut(kind));
  }

  /** While the run is taken over: its own end may have been ordered before. */
  hold(): void {
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
    const later = this.#later;
    if (later === undefined || (this.isBegun && later.kind === "drain")) return;
    this.#parts.dealing.whenAbreast(() => this.order(later.kind, later.by));
  }
}
