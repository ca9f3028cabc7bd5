// The thread that measures clock, timers and wake-ups while nothing else goes on. It may block, which the main thread, whom
// interrupts come to, may not. Imported by URL only; says its figures and ends.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parentPort, workerData } from "node:worker_threads";
import { threadClock } from "../../core/clock.ts";
import { invariant } from "../../core/errors.ts";
import { supportsPercentile } from "../../stats/distribution.ts";
import type { IdleFigures, Spread } from "./calibration.ts";
import type { FromIdleThread, IdleTask } from "./idle-messages.ts";
import { spreadOf } from "./spread.ts";
import { WakeBoard } from "./wake-board.ts";

const { origin, board, seconds } = workerData as IdleTask;
const clock = threadClock(origin);

/** Shares of the time: timers, with the event loop's delay, then timed waits, then wake-ups. */
const TIMERS_SHARE = 0.5;
const WAITS_SHARE = 0.25;
const CLOCK_READINGS = 100_000;
/** Timers under way at once, of 1 to so many milliseconds: a thousand of them in less than half a second. */
const TIMERS = 16;
/** Lengths of timed waits, ms: what is left until a due time may be anything below the gap at the rate. */
const WAIT_MS = [0.1, 0.2, 0.3, 0.5];
const LISTEN_MS_MAX = 100;

/** Nanoseconds. */
function measureClock(): IdleFigures["clock"] {
  let step = Number.POSITIVE_INFINITY;
  let last = performance.now();
  const from = last;
  for (let reading = 0; reading < CLOCK_READINGS; reading++) {
    const now = performance.now();
    if (now > last && now - last < step) step = now - last;
    last = now;
  }
  const readings = last - from;
  const bigintFrom = performance.now();
  for (let reading = 0; reading < CLOCK_READINGS; reading++) process.hrtime.bigint();
  const bigintReadings = performance.now() - bigintFrom;
  return {
    stepNs: Number.isFinite(step) ? Math.round(step * 1e6) : 0,
    readingNs: (readings / CLOCK_READINGS) * 1e6,
    bigintReadingNs: (bigintReadings / CLOCK_READINGS) * 1e6,
  };
}

/** Timers of the event loop, and how long it is held up beside them. */
async function measureTimers(length: number): Promise<{ timer: Spread; loopDelay: Spread }> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  const until = clock.now() + length;
  const lateness: number[] = [];
  const chain = async (ms: number): Promise<void> => {
    while (clock.now() < until) {
      const due = clock.now() + ms * 1e6;
      await new Promise((resolve) => setTimeout(resolve, ms));
      lateness.push(clock.now() - due);
    }
  };
  await Promise.all(Array.from({ length: TIMERS }, (_, index) => chain(index + 1)));
  monitor.disable();
  // The monitor counts from tick to tick, so its own period is no delay.
  const delay = (value: number): number => Math.max(0, value - 1e6);
  const { count } = monitor;
  const loopDelay = {
    count,
    p50: supportsPercentile(count, 50) ? delay(monitor.percentile(50)) : null,
    p99: supportsPercentile(count, 99) ? delay(monitor.percentile(99)) : null,
    max: count === 0 ? null : delay(monitor.max),
  };
  return { timer: spreadOf(lateness), loopDelay };
}

/** `Atomics.wait` until its time is over, as the alarm clock sleeps. */
function measureWaits(length: number): Spread {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const until = clock.now() + length;
  const lateness: number[] = [];
  while (clock.now() < until) {
    const ms = WAIT_MS[lateness.length % WAIT_MS.length] as number;
    const due = clock.now() + ms * 1e6;
    Atomics.wait(word, 0, 0, ms);
    lateness.push(clock.now() - due);
  }
  return spreadOf(lateness);
}

/** From the ring of another thread to the first clock reading here. */
function measureWakeUps(length: number): Spread {
  const bell = new WakeBoard(board);
  const until = clock.now() + length;
  const times: number[] = [];
  while (clock.now() < until) {
    const rungAt = bell.listen(LISTEN_MS_MAX);
    if (rungAt === undefined) continue;
    times.push(Math.max(0, clock.now() - rungAt));
    bell.hear();
  }
  return spreadOf(times);
}

invariant(parentPort !== null, "this file is the entry of a thread");
const port = parentPort;
const say = (message: FromIdleThread): void => port.postMessage(message);
const length = seconds * 1e9;
const clockFigures = measureClock();
const { timer, loopDelay } = await measureTimers(length * TIMERS_SHARE);
const wait = measureWaits(length * WAITS_SHARE);
say({ kind: "ring" });
const wakeUp = measureWakeUps(length * (1 - TIMERS_SHARE - WAITS_SHARE));
say({
  kind: "figures",
  figures: { clock: clockFigures, idle: { timer, wait, wakeUp, loopDelay } },
});
