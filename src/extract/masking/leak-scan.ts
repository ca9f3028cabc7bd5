// Reads an output as a stranger would and looks for what should not be in it. A text that was found clean is not looked at
// again while it is remembered. Guarded by perf/extract-stream.bench.ts.
import { isIPv6 } from "node:net";
import type { DistinctValues } from "./distinct-values.ts";
import { isHexText } from "./hex-text.ts";
import type { MaskClass } from "./mask-policy.ts";
import { ownText } from "./own-text.ts";

/** How a column is scanned. */
export type ScannedColumn = {
  readonly name: string;
  /** `none`: made of numbers only, so there is nothing to scan. */
  readonly scan: "none" | "whole" | "pieces";
  /** Words of the format itself, which are no leak although something may be called like them. */
  readonly words?: ReadonlySet<string>;
  /** The class of the pseudonyms in this column, where they may look like UUIDs. */
  readonly uuidsOf?: MaskClass;
  /** Addresses in this column are pseudonyms. */
  readonly addresses?: boolean;
};

export type Leak = {
  readonly column: string;
  /** From 1, without the header. */
  readonly row: number;
  readonly what: "a clear text" | "an address" | "an e-mail address" | "a UUID" | "a host name";
};

const TOKEN_LENGTH_MIN = 4;
const CLEAN_TEXTS_MAX = 65_536;
const SEPARATORS = /[/.\-_:@ ?&=]+/;
/** Digests, tags and addresses hold the smaller separators themselves. */
const LARGE_SEPARATORS = /[/ ?&=]+/;
const IPV4 = /(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])/g;
const IPV6_PARTS = /[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*/gi;
const MAIL = /[^\s@/"]+@[^\s@/"]+\.[a-z]{2,}/i;
const UUID = /(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])/gi;

export class LeakScan {
  /** How many leaks each column has. */
  readonly counts = new Map<string, number>();
  /** The first leak of each column. */
  readonly leaks = new Map<string, Leak>();
  readonly #columns: readonly ScannedColumn[];
  readonly #distinct: DistinctValues;
  readonly #clean: Set<string>[];
  readonly #scanned: readonly number[];

  constructor(columns: readonly ScannedColumn[], distinct: DistinctValues) {
    this.#columns = columns;
    this.#distinct = distinct;
    this.#clean = columns.map(() => new Set<string>());
    this.#scanned = columns.flatMap(({ scan }, at) => (scan === "none" ? [] : [at]));
  }

  /** Forgets what was clean: other clear texts are known now. */
  nextPass(): void {
    for (const clean of this.#clean) clean.clear();
  }

  /** Scans the fields of a row, which come in the order of the columns. */
  row(fields: readonly string[], row: number): void {
    for (const at of this.#scanned) {
      const text = fields[at];
      if (text !== undefined && text.length >= TOKEN_LENGTH_MIN) this.field(text, { at, row });
    }
  }

  /** Scans the field of a column; true if nothing was found, which stays so until the next pass. */
  field(text: string, { at, row }: { at: number; row: number }): boolean {
    // Most texts are pseudonyms, of which each may be new: what they need is one look into the table, and no memory.
    if (isHexText(text)) {
      const isClear = this.#distinct.isClear(text);
      if (isClear) this.#leak(at, { row, what: "a clear text" });
      return !isClear;
    }
    const clean = this.#clean[at] as Set<string>;
    return clean.has(text) || this.#scan(text, { at, row, clean });
  }

  /** Whether a text of hexadecimal digits that begins with these four may be a clear text; if not, it need not be scanned. */
  suspects(digits: number): boolean {
    return this.#distinct.hasHexBeginning(digits);
  }

  #scan(
    text: string,
    { at, row, clean }: { at: number; row: number; clean: Set<string> },
  ): boolean {
    const column = this.#columns[at] as ScannedColumn;
    const what = this.#clearText(text, column) ?? this.#pattern(text, column);
    if (what === undefined) {
      if (clean.size >= CLEAN_TEXTS_MAX) clean.clear();
      clean.add(ownText(text));
      return true;
    }
    this.#leak(at, { row, what });
    return false;
  }

  #leak(at: number, { row, what }: { row: number; what: Leak["what"] }): void {
    const column = this.#columns[at] as ScannedColumn;
    this.counts.set(column.name, (this.counts.get(column.name) ?? 0) + 1);
    if (!this.leaks.has(column.name))
      this.leaks.set(column.name, { column: column.name, row, what });
  }

  #clearText(text: string, { scan, words }: ScannedColumn): Leak["what"] | undefined {
    const isLeak = (token: string): boolean =>
      token.length >= TOKEN_LENGTH_MIN &&
      words?.has(token) !== true &&
      this.#distinct.isClear(token);
    if (isLeak(text)) return "a clear text";
    if (scan === "whole") return undefined;
    return text.split(SEPARATORS).some(isLeak) || text.split(LARGE_SEPARATORS).some(isLeak)
      ? "a clear text"
      : undefined;
  }

  #pattern(text: string, { uuidsOf, addresses }: ScannedColumn): Leak["what"] | undefined {
    if (addresses !== true && hasAddress(text)) return "an address";
    if (text.includes("@") && MAIL.test(text)) return "an e-mail address";
    if (text.includes("-")) {
      const uuids = text.match(UUID) ?? [];
      const isKnown = (uuid: string): boolean =>
        uuidsOf !== undefined && this.#distinct.isPseudonym(uuidsOf, uuid);
      if (!uuids.every(isKnown)) return "a UUID";
    }
    return this.#hasHostSuffix(text) ? "a host name" : undefined;
  }

  #hasHostSuffix(text: string): boolean {
    if (!text.includes(".")) return false;
    const small = text.toLowerCase();
    for (const suffix of this.#distinct.suffixes) if (small.includes(suffix)) return true;
    return false;
  }
}

function hasAddress(text: string): boolean {
  if (text.includes(".")) {
    for (const [, ...bytes] of text.matchAll(IPV4))
      if (bytes.every((byte) => Number(byte) <= 255)) return true;
  }
  if (!text.includes(":")) return false;
  return (text.match(IPV6_PARTS) ?? []).some((part) => isIPv6(part));
}
