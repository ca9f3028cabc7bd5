// The alarm clock: a thread that sleeps to the earliest due time on its board and rings at those who asked for it. It has nothing
// else to do, so it may block, and a blocked thread wakes within 0.1 ms of its time where a timer of the event loop has a
// millisecond to spare. No input or output happens here. Imported by URL only; says "ready", and ends when it is terminated.
import { parentPort, workerData } from "node:worker_threads";
import { threadClock } from "../core/clock.ts";
import { AlarmDesk } from "./alarm-board.ts";
import type { AlarmClockTask } from "./alarm-clock.ts";

const SLEEP_MS_MAX = 1000;

const { board, origin, early } = workerData as AlarmClockTask;
const clock = threadClock(origin);
const desk = new AlarmDesk(board);
parentPort?.postMessage("ready");

for (;;) {
  const bell = desk.bell();
  const until = desk.earliest();
  const ahead = until - clock.now();
  if (ahead > early) {
    desk.sleep(bell, Math.min(SLEEP_MS_MAX, (ahead - early) / 1e6));
    continue;
  }
  while (clock.now() < until && desk.bell() === bell);
  desk.ring(clock.now());
}
