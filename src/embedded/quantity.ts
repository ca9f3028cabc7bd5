import { UsageError } from "../core/errors.ts";
import { type Bytes, bytes, type Millis, millis } from "../core/units.ts";

// Quantities as people type them. Source of the unit rule: KiB, MiB, GiB are powers of 1024, K, MB, GB powers of 1000.

const sizeText = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i;
const powers = ["", "k", "m", "g", "t"];

/** `1GiB`, `50K`, `3 MB`, `1500`. `what` names the value in the error, e.g. `--memory`. */
export function parseSize(text: string, what: string): Bytes {
  const match = sizeText.exec(text.trim());
  const power = match === null ? -1 : powers.indexOf((match[2] ?? "").toLowerCase());
  if (match === null || power < 0) {
    throw new UsageError(`${what} wants a size such as 1GiB, 50MB or 4096, not "${text}"`);
  }
  const base = match[3] === "" ? 1000 : 1024;
  return bytes(Math.round(Number(match[1]) * base ** power));
}

const durationText = /^(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)$/;
const unitMillis: Readonly<Record<string, number>> = {
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** `20ms`, `1.5s`, `10m`; a bare 0 needs no unit. */
export function parseDuration(text: string, what: string): Millis {
  if (text.trim() === "0") return millis(0);
  const match = durationText.exec(text.trim());
  const unit = match === null ? undefined : unitMillis[match[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new UsageError(`${what} wants a duration such as 20ms, 1.5s or 10m, not "${text}"`);
  }
  return millis(Number(match[1]) * unit);
}

/** Timers that are longer fire at once. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/** A duration that something is waited for. */
export function parseWait(text: string, what: string): Millis {
  const wait = parseDuration(text, what);
  if (wait > WAIT_MS_MAX) throw new UsageError(`${what} must be below 596h, not "${text}"`);
  return wait;
}
