/** Elapsed seconds, both inclusive; null: no limit. 0 is a limit like any other. */
export type LogWindow = { readonly minTime: number | null; readonly maxTime: number | null };

/** Checks the limits of a reader: TypeError for what is no number from 0, RangeError if they are the wrong way round. */
export function logWindow(limits: {
  readonly minTime?: number | null | undefined;
  readonly maxTime?: number | null | undefined;
}): LogWindow {
  const minTime = limit("minTime", limits.minTime);
  const maxTime = limit("maxTime", limits.maxTime);
  if (minTime !== null && maxTime !== null && minTime > maxTime) {
    throw new RangeError(`minTime ${minTime} is above maxTime ${maxTime}`);
  }
  return { minTime, maxTime };
}

function limit(name: string, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new TypeError(`${name}: must be a finite number of seconds from 0, not ${String(value)}`);
}
