// What the master orders in mid-run, done on this node once, at its instant.
import type { RunControl } from "../../pacing/timebase-control.ts";
import type { EngineStart } from "../../workers/engine.ts";
import type { Control } from "../protocol/message.ts";

type Ordered = { control(control: RunControl): unknown; drain(): void; stop(): void };

export class OrderedControls {
  readonly #engine: Ordered;
  /** Ends of the run that were ordered for later. */
  readonly #ends: NodeJS.Timeout[] = [];
  /** Orders that were heard: as many as a timebase has pieces. */
  readonly #heard = new Set<string>();

  constructor(engine: Ordered) {
    this.#engine = engine;
  }

  /** `start`: undefined before there was one. */
  obey({ order, atNs, factor }: Control, start: EngineStart | undefined): void {
    // A master that carries the run on says again what was ordered before.
    const name = `${order} ${atNs} ${factor}`;
    if (this.#heard.has(name)) return;
    this.#heard.add(name);
    switch (order) {
      case "drain":
        this.#when(atNs, start, () => this.#engine.drain());
        return;
      case "stop":
        this.#when(atNs, start, () => this.#engine.stop());
        return;
      case "pause":
      case "resume":
        this.#engine.control({ kind: order, at: atNs });
        return;
      case "speed":
        this.#engine.control({ kind: order, at: atNs, factor });
        return;
      default:
        order satisfies never;
    }
  }

  /** At an instant since the start, ns; at once if there was none, or it is over. */
  #when(atNs: number, start: EngineStart | undefined, act: () => void): void {
    const left = start === undefined ? 0 : start.at + atNs - start.clock.now();
    if (left <= 0) act();
    else this.#ends.push(setTimeout(act, left / 1e6));
  }

  /** Nothing that is still to come is done. */
  close(): void {
    for (const end of this.#ends) clearTimeout(end);
  }
}
