import { type RawRecord, traceKeys } from "../raw-record.ts";

const known: ReadonlySet<string> = new Set(traceKeys);
/** Keys told apart; the names of later ones are not kept. */
const NAMES_MAX = 1000;
const OTHERS = "(others)";

/** Counts the keys of JSON records that are not written, because the form or a mask has no place for them. */
export class LeftOutKeys {
  readonly #counts = new Map<string, number>();

  /** Records by key. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  note(raw: RawRecord): void {
    if (raw.at === -1) return;
    for (const key of keysOf(raw)) {
      if (known.has(key)) continue;
      const name = this.#counts.has(key) || this.#counts.size < NAMES_MAX ? key : OTHERS;
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }
}

function keysOf({ buffer, at, bytes }: RawRecord): readonly string[] {
  try {
    return Object.keys(JSON.parse(buffer.toString("utf8", at, at + bytes)) as object);
  } catch {
    // The reader passes over nested values and odd numbers more kindly than JSON.parse does.
    return [];
  }
}
