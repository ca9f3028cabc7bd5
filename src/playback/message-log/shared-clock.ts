import { WakeClock } from "../clock/wake-clock.ts";

let users = 0;
let running: Promise<WakeClock> | undefined;

/** The pacing thread of all replays of this thread; started by the first, ended after the last. Each gives it back once. */
export function borrowClock(): Promise<WakeClock> {
  users++;
  running ??= WakeClock.start();
  return running;
}

export async function returnClock(): Promise<void> {
  users--;
  if (users > 0) return;
  const clock = running;
  running = undefined;
  await (await clock)?.close();
}
