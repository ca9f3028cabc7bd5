import { WakeClock } from "../clock/wake-clock.ts";

let users = 0;
let running: Promise<WakeClock> | undefined;

/** The pacing thread of all replays of this thread; started by the first, ended after the last. Each gives it back once. */
export async function borrowClock(): Promise<WakeClock> {
  const starting = running ?? WakeClock.start();
  running = starting;
  users++;
  try {
    return await starting;
  } catch (error) {
    // The next replay tries again.
    users--;
    if (running === starting) running = undefined;
    throw error;
  }
}

export async function returnClock(): Promise<void> {
  users--;
  if (users > 0) return;
  const clock = running;
  running = undefined;
  await (await clock)?.close();
}
