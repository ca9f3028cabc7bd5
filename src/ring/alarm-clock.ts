import { Worker } from "node:worker_threads";
import type { Nanos } from "../core/units.ts";

/** What the alarm clock's thread is started with. */
export type AlarmClockTask = {
  readonly board: SharedArrayBuffer;
  /** What due times count from, as `takeOrigin` gave it. */
  readonly origin: bigint;
  /** The thread sleeps until so long before a due time and looks at the clock for the rest, since the system wakes it late. */
  readonly early: Nanos;
};

const threadUrl = new URL(
  `./alarm-clock-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** The thread that rings at a board's slots. It tells `ready` when it is at work, and ends when it is terminated. */
export const startAlarmClock = (workerData: AlarmClockTask): Worker =>
  new Worker(threadUrl, { workerData });
