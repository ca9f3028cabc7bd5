// `next` runs once per request and allocates nothing. Guarded by perf/simulate-stream.bench.ts.
import type { RequestCursor } from "../../plugins/simulations/simulation.ts";
import type { RecordView } from "../../trace/record-view.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import type { ProgressBoard } from "./progress-board.ts";

/** The requests of a trace, which end early when the user interrupts. */
export class TracedRequests implements RequestCursor {
  readonly total: number;
  readonly view: RecordView;
  interrupted = false;
  readonly #stream: TraceStream;
  readonly #board: ProgressBoard;

  constructor(stream: TraceStream, board: ProgressBoard) {
    this.#stream = stream;
    this.#board = board;
    this.view = stream.view;
    this.total = stream.account.kept;
    board.set("simulating", 0, this.total);
  }

  get delayUs(): number {
    return this.#stream.delayUs;
  }

  get seq(): number {
    return this.#stream.seq;
  }

  next(): boolean {
    const stream = this.#stream;
    // Looked at for each request: a plug-in may take seconds for one.
    if (this.#board.stopped) this.interrupted = true;
    if (this.interrupted || !stream.next()) return false;
    this.#board.reached(stream.seq + 1);
    return true;
  }
}
