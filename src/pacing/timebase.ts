// Where a run's schedule stands on the clock: a line of pieces, each of which begins where the one before it ends. Shared
// memory; one thread appends pieces (timebase-control.ts), request worker threads ask when an operation is due.
//
//   schedule                       ,'           piece   begins at (clock, schedule)   slope
//            |                  ,'   slope 2      0          0, 0                       1
//            |      __________,'                  1         t1, s1                      0     paused
//            |    ,'  slope 0                     2         t2, s1                      2     twice as fast
//            |  ,'
//            |,'  slope 1                       words:  | pieces i32 | pad i32 | clock f64 | schedule f64 | slope f64 | clock …
//            +----+---------+-------> clock
//            0   t1        t2
//
// A piece is never changed once it is there, and it becomes visible by the one store that counts it: readers need no lock.
// Read the clock first and then the timebase: an instant that lies before every change that was agreed on by then is mapped
// as it should be, whatever is agreed on afterwards, since changes lie in the future. A machine that hears of a change late
// appends it where it was agreed on all the same: what it has sent meanwhile is sent, and the rest is due with everybody else's.
//
// `changed` is asked once or twice per request and costs one load; the rest is asked only of runs that were paused or sped
// up, and allocates nothing. Guarded by perf/end-to-end-loopback.bench.ts.
import { type Nanos, nanos } from "../core/units.ts";

/** Changes of one run, the beginning included: a person who presses a key ten times a second needs seven minutes. */
export const PIECES_MAX = 4096;

const PIECES_WORD = 0;
const HEAD_DOUBLES = 1;
const PIECE_DOUBLES = 3;
const CLOCK = 0;
const SCHEDULE = 1;
const SLOPE = 2;

/** Shared memory for a run that goes as planned so far. */
export function allocateTimebase(): SharedArrayBuffer {
  const doubles = HEAD_DOUBLES + PIECES_MAX * PIECE_DOUBLES;
  const memory = new SharedArrayBuffer(doubles * Float64Array.BYTES_PER_ELEMENT);
  appendPiece(memory, { clock: nanos(0), schedule: nanos(0), slope: 1 });
  return memory;
}

/** From the instant `clock` on, the schedule goes on from `schedule`, `slope` times as fast as the clock. */
export type TimebasePiece = {
  readonly clock: Nanos;
  readonly schedule: Nanos;
  readonly slope: number;
};

/** For the one thread that writes. False when there is no room for another piece. */
export function appendPiece(memory: SharedArrayBuffer, piece: TimebasePiece): boolean {
  const words = new Int32Array(memory, 0, 1);
  const doubles = new Float64Array(memory);
  const pieces = Atomics.load(words, PIECES_WORD);
  if (pieces === PIECES_MAX) return false;
  const at = HEAD_DOUBLES + pieces * PIECE_DOUBLES;
  doubles[at + CLOCK] = piece.clock;
  doubles[at + SCHEDULE] = piece.schedule;
  doubles[at + SLOPE] = piece.slope;
  Atomics.store(words, PIECES_WORD, pieces + 1);
  return true;
}

/** The reading end. All times are ns since the start of the run, on the clock or in the schedule. */
export class Timebase {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, 1);
    this.#doubles = new Float64Array(memory);
  }

  /** False while the schedule is the clock: nothing was paused or sped up, nor will be as far as is known. */
  get changed(): boolean {
    return Atomics.load(this.#words, PIECES_WORD) > 1;
  }

  /** When an operation of this schedule time is due; infinity while no end of its pause is known, NaN of NaN. */
  dueAt(schedule: number): Nanos {
    const piece = this.#pieceFrom(SCHEDULE, schedule);
    const doubles = this.#doubles;
    const slope = doubles[piece + SLOPE] as number;
    // What is due at the very instant of a pause is due after it: only the last piece can be found paused here.
    if (slope === 0) return nanos(Number.POSITIVE_INFINITY);
    const ahead = schedule - (doubles[piece + SCHEDULE] as number);
    return nanos((doubles[piece + CLOCK] as number) + ahead / slope);
  }

  /** How far the schedule is at an instant of the clock. */
  scheduleAt(clock: number): Nanos {
    const piece = this.#pieceFrom(CLOCK, clock);
    const doubles = this.#doubles;
    const since = clock - (doubles[piece + CLOCK] as number);
    return nanos(
      (doubles[piece + SCHEDULE] as number) + since * (doubles[piece + SLOPE] as number),
    );
  }

  /** Schedule seconds per second of the clock; 0 = paused. */
  slopeAt(clock: number): number {
    return this.#doubles[this.#pieceFrom(CLOCK, clock) + SLOPE] as number;
  }

  /** When something without a due time may start: at once (`clock` itself), or when the pause is over, if that is known. */
  startableAt(clock: number): Nanos {
    const doubles = this.#doubles;
    const end = this.#end();
    // Threads look a moment before the start, and a run may begin paused.
    let piece = this.#pieceFrom(CLOCK, Math.max(0, clock));
    if (doubles[piece + SLOPE] !== 0) return nanos(clock);
    while (piece < end && doubles[piece + SLOPE] === 0) piece += PIECE_DOUBLES;
    return nanos(piece < end ? (doubles[piece + CLOCK] as number) : Number.POSITIVE_INFINITY);
  }

  /** Time spent paused up to an instant of the clock. */
  pausedBefore(clock: number): Nanos {
    const doubles = this.#doubles;
    const end = this.#end();
    let paused = 0;
    for (let piece = HEAD_DOUBLES; piece < end; piece += PIECE_DOUBLES) {
      const from = doubles[piece + CLOCK] as number;
      const next = piece + PIECE_DOUBLES;
      const to = next < end ? Math.min(clock, doubles[next + CLOCK] as number) : clock;
      if (doubles[piece + SLOPE] === 0 && to > from) paused += to - from;
    }
    return nanos(paused);
  }

  /** The piece that was agreed on last: it may begin in the future. */
  last(): TimebasePiece {
    const piece = this.#end() - PIECE_DOUBLES;
    return {
      clock: nanos(this.#doubles[piece + CLOCK] as number),
      schedule: nanos(this.#doubles[piece + SCHEDULE] as number),
      slope: this.#doubles[piece + SLOPE] as number,
    };
  }

  #end(): number {
    return HEAD_DOUBLES + Atomics.load(this.#words, PIECES_WORD) * PIECE_DOUBLES;
  }

  /** The last piece that begins at or before the value, from the end: what is asked lies in one of the last as a rule. */
  #pieceFrom(axis: number, value: number): number {
    const doubles = this.#doubles;
    let piece = this.#end() - PIECE_DOUBLES;
    while (piece > HEAD_DOUBLES && !((doubles[piece + axis] as number) <= value))
      piece -= PIECE_DOUBLES;
    return piece;
  }
}
