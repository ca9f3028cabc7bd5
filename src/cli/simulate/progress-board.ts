// Shared by the thread of a simulation and the main thread: written and read without messages, so that a plug-in that never
// lets go of its thread is followed and stopped all the same.
//
//   0        4          8       16      24
//   | stop   | reserved | phase | done  | total |      stop: 1 = requests end, 2 = everything ends at once
//   | i32    |          | f64   | f64   | f64   |

const BOARD_BYTES = 32;
const STOP = 0;
const ENDS = 1;
const CUT_OFF = 2;
const PHASE = 1;
const DONE = 2;
const TOTAL = 3;

/** reading: bytes of the trace; simulating: requests; afterwards: steps of the simulation's own. */
const phases = ["starting", "reading", "simulating", "afterwards"] as const;
export type Phase = (typeof phases)[number];

export const allocateProgressBoard = (): SharedArrayBuffer => new SharedArrayBuffer(BOARD_BYTES);

export class ProgressBoard {
  readonly #stop: Int32Array;
  readonly #words: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#stop = new Int32Array(memory);
    this.#words = new Float64Array(memory);
  }

  /** Ends the requests; nothing goes back. */
  stop(): void {
    Atomics.compareExchange(this.#stop, STOP, 0, ENDS);
  }

  /** Ends whatever still runs. */
  cutOff(): void {
    Atomics.store(this.#stop, STOP, CUT_OFF);
  }

  get stopped(): boolean {
    return Atomics.load(this.#stop, STOP) !== 0;
  }

  get isCutOff(): boolean {
    return Atomics.load(this.#stop, STOP) === CUT_OFF;
  }

  set(phase: Phase, done: number, total: number): void {
    this.#words[PHASE] = phases.indexOf(phase);
    this.#words[DONE] = done;
    this.#words[TOTAL] = total;
  }

  /** Within the phase that was set last; costs one store. */
  reached(done: number): void {
    this.#words[DONE] = done;
  }

  /** The three may be of different moments; a line of progress does not mind. */
  get position(): { readonly phase: Phase; readonly done: number; readonly total: number } {
    return {
      phase: phases[this.#words[PHASE] as number] ?? "starting",
      done: this.#words[DONE] as number,
      total: this.#words[TOTAL] as number,
    };
  }
}
