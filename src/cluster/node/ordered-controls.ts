// What the master orders in mid-run, done on this node once, at its instant.
import { type Nanos, nanos } from "../../core/units.ts";
import type { EndKind, RunControl } from "../../pacing/timebase-control.ts";
import type { EngineStart } from "../../workers/engine.ts";
import type { Control } from "../protocol/message.ts";

type Ordered = {
  control(control: RunControl, soonest: Nanos): unknown;
  drain(): void;
  stop(): void;
};

export class OrderedControls {
  readonly #engine: Ordered;
  /** Ends of the run that were ordered for later. */
  readonly #ends: NodeJS.Timeout[] = [];
  /** Ends that were ordered for an instant after a start that is announced and has not been made known here. */
  readonly #early: { readonly kind: EndKind; readonly atNs: number }[] = [];
  #start: EngineStart | undefined;
  /** Orders that were heard: as many as a timebase has pieces. */
  readonly #heard = new Set<string>();

  constructor(engine: Ordered) {
    this.#engine = engine;
  }

  /** The run has a start. */
  begin(start: EngineStart): void {
    this.#start = start;
    for (const { kind, atNs } of this.#early.splice(0)) this.#end(kind, atNs);
  }

  obey({ id, order, atNs, factor }: Control): void {
    // A master that carries the run on says again what was ordered before.
    if (this.#heard.has(id)) return;
    this.#heard.add(id);
    switch (order) {
      case "drain":
      case "stop":
        this.#end(order, atNs);
        return;
      // However late it comes: the schedule stands where it stands on all nodes.
      case "pause":
      case "resume":
        this.#engine.control({ kind: order, at: atNs }, nanos(0));
        return;
      case "speed":
        this.#engine.control({ kind: order, at: atNs, factor }, nanos(0));
        return;
      default:
        order satisfies never;
    }
  }

  /** At an instant since the start, ns; at once if that is over, or none was announced when it was ordered. */
  #end(kind: EndKind, atNs: number): void {
    const start = this.#start;
    if (start === undefined && atNs > 0) {
      this.#early.push({ kind, atNs });
      return;
    }
    const left = start === undefined ? 0 : start.at + atNs - start.clock.now();
    const act = (): void => this.#engine[kind]();
    if (left <= 0) act();
    else this.#ends.push(setTimeout(act, left / 1e6));
  }

  /** Nothing that is still to come is done. */
  close(): void {
    for (const end of this.#ends) clearTimeout(end);
  }
}
