// The pacing thread: sleeps until shortly before the earliest due time on its board, looks at the clock for the rest, and rings.
// No input or output happens here, so it may block. Imported by URL only; ends when it is terminated.
import { workerData } from "node:worker_threads";
import { threadClock } from "../../core/clock.ts";
import { WakeDesk } from "./wake-board.ts";
import type { PacingThreadTask } from "./wake-clock.ts";

/** A sleeper is woken late by some 60 us, on a busy machine by several times that: the rest is looked away. */
const EARLY_NS = 300e3;
const SLEEP_MS_MAX = 1000;

const { board, origin } = workerData as PacingThreadTask;
const clock = threadClock(origin);
const desk = new WakeDesk(board);

for (;;) {
  const bell = desk.bell();
  const until = desk.earliest();
  const ahead = until - clock.now();
  if (ahead > EARLY_NS) {
    desk.sleep(bell, Math.min(SLEEP_MS_MAX, (ahead - EARLY_NS) / 1e6));
    continue;
  }
  while (clock.now() < until && desk.bell() === bell);
  desk.ring(clock.now());
}
