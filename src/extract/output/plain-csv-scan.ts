// Runs once per byte of the output: no text is made of a pseudonym, whose four first digits tell that it is no clear text.
// Guarded by perf/extract-stream.bench.ts.
import { hexValues } from "../masking/hex-text.ts";
import type { LeakScan, ScannedColumn } from "../masking/leak-scan.ts";

const COMMA = 44;
const LINE_FEED = 10;
const NO_DIGIT = 255;
const TOKEN_BYTES_MIN = 4;

/** The leak scan of CSV without a quote in it, where every comma separates and every line feed ends a row. */
export class PlainCsvScan {
  readonly #scan: LeakScan;
  /** 1 for columns that are scanned. */
  readonly #isScanned: Uint8Array;
  #rest: Buffer = Buffer.alloc(0);
  /** The header is row 0. */
  #row = 0;

  constructor(columns: readonly ScannedColumn[], scan: LeakScan) {
    this.#scan = scan;
    this.#isScanned = Uint8Array.from(columns, (column) => (column.scan === "none" ? 0 : 1));
  }

  /** `piece` is borrowed until return. */
  take(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    this.#rows(bytes, end);
    this.#rest = Buffer.from(bytes.subarray(end));
  }

  #rows(bytes: Buffer, end: number): void {
    let from = 0;
    let column = 0;
    let isHex = true;
    for (let at = 0; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte !== COMMA && byte !== LINE_FEED) {
        if (hexValues[byte] === NO_DIGIT) isHex = false;
        continue;
      }
      if (at - from >= TOKEN_BYTES_MIN && this.#isScanned[column] === 1 && this.#row > 0)
        this.#field(bytes, { from, to: at, column, isHex });
      from = at + 1;
      isHex = true;
      column++;
      if (byte === LINE_FEED) {
        this.#row++;
        column = 0;
      }
    }
  }

  #field(
    bytes: Buffer,
    { from, to, column, isHex }: { from: number; to: number; column: number; isHex: boolean },
  ): void {
    if (isHex && !this.#scan.suspects(firstDigits(bytes, from))) return;
    this.#scan.field(bytes.toString("utf8", from, to), { at: column, row: this.#row });
  }
}

const digit = (bytes: Buffer, at: number): number => hexValues[bytes[at] as number] as number;

const firstDigits = (bytes: Buffer, at: number): number =>
  (digit(bytes, at) << 12) |
  (digit(bytes, at + 1) << 8) |
  (digit(bytes, at + 2) << 4) |
  digit(bytes, at + 3);
