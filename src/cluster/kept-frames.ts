import { invariant } from "../core/errors.ts";
import type { Lane } from "./link.ts";

/** A frame with its number within the conversation, from 1. */
export type KeptFrame = {
  readonly number: number;
  readonly lane: Lane;
  readonly frame: Uint8Array;
};

/** Frames that were sent and may have to be sent again, in order. Whoever fills it looks at `bytes`: it has no bound itself. */
export class KeptFrames {
  /** Bytes of all frames in here. */
  bytes = 0;
  /** Of all frames that were acknowledged. */
  acknowledgedBytes = 0;
  #frames: KeptFrame[] = [];
  /** Frames at the beginning of the array that were acknowledged: cut off many at a time. */
  #gone = 0;
  #last: number;

  /** `last`: number of the last frame of an earlier end of the same conversation. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** Number of the frame added last; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(frame: Uint8Array, lane: Lane): KeptFrame {
    const kept = { number: ++this.#last, lane, frame };
    this.#frames.push(kept);
    this.bytes += frame.length;
    return kept;
  }

  /** Everything up to `number` has arrived. */
  acknowledge(number: number): void {
    invariant(number <= this.#last, `frame ${number} was acknowledged and never sent`);
    for (let first = this.#frames[this.#gone]; first !== undefined && first.number <= number; ) {
      this.bytes -= first.frame.length;
      this.acknowledgedBytes += first.frame.length;
      first = this.#frames[++this.#gone];
    }
    if (this.#gone * 2 < this.#frames.length) return;
    this.#frames = this.#frames.slice(this.#gone);
    this.#gone = 0;
  }

  /** What has not arrived as far as is known, in order. */
  unacknowledged(): readonly KeptFrame[] {
    return this.#frames.slice(this.#gone);
  }
}
