// Runs once per byte of the output: no text is made of a pseudonym, whose four first digits tell that it is no clear text,
// nor of one that was found clean lately. Guarded by perf/extract-stream.bench.ts.
import { hexValues } from "../masking/hex-text.ts";
import type { LeakScan, ScannedColumn } from "../masking/leak-scan.ts";

const COMMA = 44;
const LINE_FEED = 10;
/** Values of digits are below, that of anything else has a bit above. */
const DIGITS_END = 16;
const TOKEN_BYTES_MIN = 4;
/** Texts remembered as clean, by column and a few of their bytes: events and results are a few dozen. */
const CLEAN_SLOTS = 256;

const NOTHING = Buffer.alloc(0);

/** The leak scan of CSV without a quote in it, where every comma separates and every line feed ends a row. */
export class PlainCsvScan {
  readonly #scan: LeakScan;
  /** 1 for columns that are scanned. */
  readonly #isScanned: Uint8Array;
  readonly #clean: (Buffer | undefined)[] = new Array(CLEAN_SLOTS);
  #rest: Buffer = NOTHING;
  /** The header is row 0. */
  #row = 0;

  constructor(columns: readonly ScannedColumn[], scan: LeakScan) {
    this.#scan = scan;
    this.#isScanned = Uint8Array.from(columns, (column) => (column.scan === "none" ? 0 : 1));
  }

  /** `piece` is borrowed until return. */
  take(piece: Buffer): void {
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    if (end === 0) {
      this.#rest = Buffer.concat([this.#rest, piece]);
      return;
    }
    let from = 0;
    if (this.#rest.length > 0) {
      // Only the row that was cut is put together: a copy of every piece would wait for the collector by the mebibyte.
      from = piece.indexOf(LINE_FEED) + 1;
      this.#line(Buffer.concat([this.#rest, piece.subarray(0, from)]), 0);
    }
    while (from < end) from = this.#line(piece, from);
    this.#rest = Buffer.from(piece.subarray(end));
  }

  /** Scans the row that begins at `from` and returns the place behind its line feed. */
  #line(bytes: Buffer, from: number): number {
    const isScanned = this.#isScanned;
    let at = from;
    for (let column = 0; ; column++) {
      const start = at;
      let byte = bytes[at++] as number;
      let seen = 0;
      while (byte !== COMMA && byte !== LINE_FEED) {
        seen |= hexValues[byte] as number;
        byte = bytes[at++] as number;
      }
      if (isScanned[column] === 1 && at - 1 - start >= TOKEN_BYTES_MIN && this.#row > 0)
        this.#field(bytes, { from: start, to: at - 1, column, isHex: seen < DIGITS_END });
      if (byte === LINE_FEED) break;
    }
    this.#row++;
    return at;
  }

  #field(
    bytes: Buffer,
    { from, to, column, isHex }: { from: number; to: number; column: number; isHex: boolean },
  ): void {
    if (isHex) {
      if (this.#scan.suspects(firstDigits(bytes, from)))
        this.#scan.field(bytes.toString("utf8", from, to), { at: column, row: this.#row });
      return;
    }
    const slot = slotOf(bytes, { from, to, column });
    if (isSame(this.#clean[slot], bytes, { from, to, column })) return;
    const isClean = this.#scan.field(bytes.toString("utf8", from, to), {
      at: column,
      row: this.#row,
    });
    if (isClean) this.#clean[slot] = cleanText(bytes, { from, to, column });
  }
}

type Field = { readonly from: number; readonly to: number; readonly column: number };

// A text that was found clean, as it is remembered: number of its column, then its bytes.
function cleanText(bytes: Buffer, { from, to, column }: Field): Buffer {
  return Buffer.concat([Buffer.of(column), bytes.subarray(from, to)]);
}

function isSame(clean: Buffer | undefined, bytes: Buffer, { from, to, column }: Field): boolean {
  if (clean === undefined || clean.length !== to - from + 1 || clean[0] !== column) return false;
  for (let at = from; at < to; at++) if (bytes[at] !== clean[at - from + 1]) return false;
  return true;
}

function slotOf(bytes: Buffer, { from, to, column }: Field): number {
  const middle = (from + to) >> 1;
  const some =
    (bytes[from] as number) + 7 * (bytes[middle] as number) + 31 * (bytes[to - 1] as number);
  return (some + 13 * (to - from) + 101 * column) % CLEAN_SLOTS;
}

const digit = (bytes: Buffer, at: number): number => hexValues[bytes[at] as number] as number;

const firstDigits = (bytes: Buffer, at: number): number =>
  (digit(bytes, at) << 12) |
  (digit(bytes, at + 1) << 8) |
  (digit(bytes, at + 2) << 4) |
  digit(bytes, at + 3);
