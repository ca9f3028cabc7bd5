// Runs once per request, in batches, and allocates nothing. Guarded by perf/simulate-stream.bench.ts.
import type { RequestBatch, RequestColumns } from "../../plugins/simulations/simulation.ts";
import type { KeyNumbers } from "../../trace/key-numbers.ts";
import { NO_KEY } from "../../trace/layout.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import type { ProgressBoard } from "./progress-board.ts";

type Parts = {
  /** Of keyed records. */
  readonly stream: TraceStream;
  readonly keys: KeyNumbers;
  readonly board: ProgressBoard;
};

/** The requests of a trace as columns, which end early when the user interrupts. */
export class TracedColumns implements RequestColumns {
  readonly objects: number;
  leftOut: number;
  readonly #stream: TraceStream;
  readonly #board: ProgressBoard;

  constructor({ stream, keys, board }: Parts) {
    this.#stream = stream;
    this.#board = board;
    this.objects = keys.count;
    this.leftOut = keys.leftOut;
    board.set("simulating", 0, stream.account.kept - keys.leftOut);
  }

  fill(batch: RequestBatch): boolean {
    const { objects, sizes } = batch;
    const stream = this.#stream;
    const { view } = stream;
    batch.count = 0;
    // A batch takes a millisecond, and not a second with the most caches that can be asked for: one look before each will do.
    if (this.#board.stopped) return false;
    let count = 0;
    while (count < objects.length && stream.next()) {
      const { key } = view;
      if (key === NO_KEY) this.leftOut++;
      else {
        objects[count] = key;
        sizes[count++] = view.size;
      }
    }
    batch.count = count;
    this.#board.reached(stream.seq + 1);
    return count > 0;
  }
}
