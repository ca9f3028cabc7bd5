const two = (value: number): string => String(value).padStart(2, "0");

/** `2026-01-15 10:00:05`, local time as `TZ` has it: the form of the original driver's files. */
export function localTime(epochMs: number): string {
  const time = new Date(epochMs);
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
