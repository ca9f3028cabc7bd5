import { Worker } from "node:worker_threads";
import { takeOrigin, threadClock } from "../../core/clock.ts";
import type { IdleFigures } from "./calibration.ts";
import type { FromIdleThread, IdleTask } from "./idle-messages.ts";
import { allocateWakeBoard, WakeBoard } from "./wake-board.ts";

// The build rewrites "./x.ts" in imports but not inside `new URL`, so the suffix follows this file's own.
const threadUrl = new URL(
  `./idle-thread-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** Between two rings: long enough that the listener sleeps again. */
const RING_GAP_NS = 200e3;

/** Clock, timers and wake-ups of this machine, for so long. Throws what `signal` was aborted with. */
export async function measureIdle(seconds: number, signal: AbortSignal): Promise<IdleFigures> {
  signal.throwIfAborted();
  const origin = takeOrigin();
  const board = allocateWakeBoard();
  const worker = new Worker(threadUrl, {
    workerData: { origin, board, seconds } satisfies IdleTask,
  });
  const ringer = new Ringer(origin, board);
  const found = Promise.withResolvers<IdleFigures>();
  const cut = (): void => found.reject(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  worker.on("error", found.reject);
  worker.on("exit", () => found.reject(new Error("the thread that measures timers has ended")));
  worker.on("message", (message: FromIdleThread) => {
    if (message.kind === "ring") ringer.start();
    else found.resolve(message.figures);
  });
  try {
    return await found.promise;
  } finally {
    ringer.stop();
    signal.removeEventListener("abort", cut);
    await worker.terminate();
  }
}

/** Rings from turn to turn of the event loop: a timer of a millisecond would be too rare. */
class Ringer {
  readonly #board: WakeBoard;
  readonly #clock: ReturnType<typeof threadClock>;
  #last = 0;
  #immediate: NodeJS.Immediate | undefined;

  constructor(origin: bigint, board: SharedArrayBuffer) {
    this.#clock = threadClock(origin);
    this.#board = new WakeBoard(board);
  }

  start(): void {
    this.#immediate = setImmediate(() => {
      const now = this.#clock.now();
      if (now - this.#last > RING_GAP_NS && this.#board.isHeard()) {
        this.#last = now;
        this.#board.ring(this.#clock.now());
      }
      this.start();
    });
  }

  stop(): void {
    clearImmediate(this.#immediate);
  }
}
