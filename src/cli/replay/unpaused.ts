import type { Timebase } from "../../pacing/timebase.ts";

/**
 * What a run's validity is judged by: how long its plan takes and how long sending took, in seconds, without the time that it
 * was paused, and with the plan as fast as it was told to be.
 */
export function unpausedSeconds(
  timebase: Timebase,
  { planned, sending }: { readonly planned: number | null; readonly sending: number },
): { readonly plannedSeconds: number | null; readonly sendingSeconds: number } {
  const without = (clock: number): number => (clock - timebase.pausedBefore(clock)) / 1e9;
  const due = planned === null ? null : timebase.dueAt(planned * 1e9);
  return {
    // A pause that never ended: nobody knows how long the plan would have taken.
    plannedSeconds: due === null || !Number.isFinite(due) ? null : without(due),
    sendingSeconds: without(sending * 1e9),
  };
}
