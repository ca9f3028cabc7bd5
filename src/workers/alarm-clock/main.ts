// The alarm clock: a thread that sleeps to the earliest due time of all request worker threads and rings at theirs. It has
// nothing else to do, so it may block, and a blocked thread wakes within 0.1 ms of its time where a timer of the event loop
// has a millisecond to spare. Imported by URL only; ends when it is terminated.
import { workerData } from "node:worker_threads";
import { threadClock } from "../../core/clock.ts";
import type { AlarmClockTask } from "../messages.ts";
import { AlarmDesk } from "./alarm-board.ts";

/** The system wakes a sleeper late by some 60 us: the rest is looked away. performance.md section 3. */
const EARLY_NS = 70e3;
const SLEEP_MS_MAX = 1000;

const { board, origin } = workerData as AlarmClockTask;
const clock = threadClock(origin);
const desk = new AlarmDesk(board);

for (;;) {
  const bell = desk.bell();
  const until = desk.earliest();
  const ahead = until - clock.now();
  if (ahead > EARLY_NS) {
    desk.sleep(bell, Math.min(SLEEP_MS_MAX, (ahead - EARLY_NS) / 1e6));
    continue;
  }
  while (clock.now() < until);
  desk.ring(clock.now());
}
