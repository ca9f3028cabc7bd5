// Names of files in an archive directory. A sealed file is called after its rotation instant, in UTC with microseconds:
// 2026-01-31T12:00:00.123456Z; on Windows `I` stands for `:`. Read are both, numeric offsets and nanoseconds, everywhere.
import { type Micros, micros } from "../core/units.ts";

export const CURRENT = "current";
/** The next `current`, while the one before it is being sealed and renamed. */
export const NEXT = "current.new";

const NAME =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d)[:I](\d\d)[:I](\d\d)(?:\.(\d{1,9}))?(Z|([+-])(\d\d)[:I]?(\d\d))$/;

export function fileName(instant: Micros, platform: string = process.platform): string {
  const seconds = new Date(Math.floor(instant / 1e6) * 1000).toISOString().slice(0, 19);
  const name = `${seconds}.${String(instant % 1e6).padStart(6, "0")}Z`;
  return platform === "win32" ? name.replaceAll(":", "I") : name;
}

/** The instant of a file's name, rounded down to microseconds; `undefined` for names that are none. */
export function instantOf(name: string): Micros | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", , sign, offsetH, offsetM] = match;
  const utc = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(utc)) return undefined;
  const offset = (Number(offsetH ?? 0) * 60 + Number(offsetM ?? 0)) * (sign === "-" ? -1 : 1);
  return micros((utc - offset * 60_000) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6)));
}

/** Names of sealed files among these, by their instants. Of two names for one instant the first stays. */
export function sealedNames(names: Iterable<string>): string[] {
  const byInstant = new Map<Micros, string>();
  for (const name of names) {
    const instant = instantOf(name);
    if (instant !== undefined && !byInstant.has(instant)) byInstant.set(instant, name);
  }
  return [...byInstant].toSorted(([one], [other]) => one - other).map(([, name]) => name);
}
