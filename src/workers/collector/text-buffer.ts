// Builds lines of text as bytes: numbers and pieces are written in place, so that a row of results costs no string.
// Runs some twenty times per row; budget 1.5 us a row. Guarded by perf/end-to-end-loopback.bench.ts.

const ZERO = 48;
const POINT = 46;
const MINUS = 45;
const DIGITS_MAX = 24;
const NANOS_PER_SECOND = 1e9;
const FRACTION_DIGITS = 9;

export class TextBuffer {
  bytes: Buffer;
  length = 0;
  readonly #digits = Buffer.alloc(DIGITS_MAX);

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** Room for `more` bytes; call it once per row with the largest size the row may take. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** A constant piece of the line. */
  piece(piece: Buffer): void {
    piece.copy(this.bytes, this.length);
    this.length += piece.length;
  }

  /** `source[from..to)`. */
  slice(source: Buffer, from: number, to: number): void {
    source.copy(this.bytes, this.length, from, to);
    this.length += to - from;
  }

  /** A whole number up to 2^53. */
  integer(value: number): void {
    let rest = value;
    if (rest < 0) {
      this.bytes[this.length++] = MINUS;
      rest = -rest;
    }
    let at = DIGITS_MAX;
    do {
      const shorter = Math.floor(rest / 10);
      this.#digits[--at] = ZERO + (rest - shorter * 10);
      rest = shorter;
    } while (rest > 0);
    while (at < DIGITS_MAX) this.bytes[this.length++] = this.#digits[at++] as number;
  }

  /** Nanoseconds as seconds with nine digits behind the point. */
  seconds(nanos: number): void {
    let rest = Math.round(nanos);
    if (rest < 0) {
      this.bytes[this.length++] = MINUS;
      rest = -rest;
    }
    const whole = Math.floor(rest / NANOS_PER_SECOND);
    this.integer(whole);
    this.#fraction(rest - whole * NANOS_PER_SECOND, FRACTION_DIGITS);
  }

  /** Microseconds as seconds with six digits behind the point. */
  secondsOfMicros(micros: number): void {
    const rest = Math.round(micros);
    const whole = Math.floor(rest / 1e6);
    this.integer(whole);
    this.#fraction(rest - whole * 1e6, 6);
  }

  #fraction(value: number, digits: number): void {
    this.bytes[this.length++] = POINT;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const shorter = Math.floor(rest / 10);
      this.bytes[at] = ZERO + (rest - shorter * 10);
      rest = shorter;
    }
    this.length += digits;
  }

  clear(): void {
    this.length = 0;
  }
}
