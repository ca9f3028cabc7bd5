// Numbers for people: three digits and a unit, no blank between, plain ASCII. `-` stands for what is not known. Each
// function stands on its own: the report page carries their source.

/** `812ns`, `1.23us`, `45.6ms`, `7.89s`, `3600s`. */
export function formatNanos(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  const units = ["ns", "us", "ms", "s"];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const whole = unit === 0 || Math.abs(scaled) >= 99.95;
  return `${whole ? Math.round(scaled) : scaled.toPrecision(3)}${units[unit]}`;
}

/** `42B`, `1.50KiB`, `11.2GiB`; units of 1024. */
export function formatBytes(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  const whole = unit === 0 || Math.abs(scaled) >= 99.95;
  return `${whole ? Math.round(scaled) : scaled.toPrecision(3)}${units[unit]}`;
}

/** `1,234,567`: counts are exact. */
export function formatCount(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  return Math.round(value).toLocaleString("en-US");
}

/** `0.25/s`, `83.4/s`, `12,345/s`. */
export function formatRate(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  if (value === 0) return "0/s";
  return `${value < 99.95 ? value.toPrecision(3) : Math.round(value).toLocaleString("en-US")}/s`;
}

/** `99.3%` of a share 0..1. Rounds towards neither end: only all is `100%`, only none is `0%`. */
export function formatShare(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  if (value === 0) return "0%";
  if (value === 1) return "100%";
  return `${Math.min(99.9, Math.max(0.1, value * 100)).toFixed(1)}%`;
}

/** `11.9 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "-";
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (part: number): string => String(part).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** How often something happened. */
export const timesText = (count: number): string => (count === 1 ? "once" : `${count} times`);
