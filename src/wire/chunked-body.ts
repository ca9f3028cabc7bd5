// Takes the chunked transfer coding off a body. Runs once per received piece of a chunked response and makes nothing:
// payload is handed on where it lies in the receive buffer. Guarded by perf/wire-loopback.bench.ts.
//
// What each byte does. A line may end with CR LF or a bare LF; a dash is a protocol failure.
//
//                hex digit    ';' SP TAB   CR         LF                          other
//   size         grow size    extension    size-cr    data, or trailer at size 0  -
//   size-cr      -            -            -          data, or trailer at size 0  -
//   extension    skip         skip         skip       data, or trailer at size 0  skip
//   data         payload until `size` bytes are through, then data-end
//   data-end     -            -            data-cr    size                        -
//   data-cr      -            -            -          size                        -
//   trailer      skip         skip         skip       done on an empty line       skip
//   done         the decoder takes no byte
import type { ExchangeOwner } from "./exchange.ts";

const SIZE = 0;
const SIZE_CR = 1;
const EXTENSION = 2;
const DATA = 3;
const DATA_END = 4;
const DATA_CR = 5;
const TRAILER = 6;
const DONE = 7;

const LF = 10;
const CR = 13;

/** Hexadecimal digits of a chunk's size: 2^48 bytes are more than any body, and stay an exact number. */
const SIZE_DIGITS_MAX = 12;
/** Bytes of extensions behind one chunk's size. */
const EXTENSION_BYTES_MAX = 16 * 1024;
/** Bytes of all trailer fields of one body. */
const TRAILER_BYTES_MAX = 64 * 1024;

/** Value of each byte as a hexadecimal digit; 255 where it is none. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});

export class ChunkedBody {
  /** What was wrong; empty while all is well. After a failure no byte is taken. */
  failure = "";
  #state = DONE;
  #size = 0;
  #digits = 0;
  #skipped = 0;
  #lineBytes = 0;

  get done(): boolean {
    return this.#state === DONE;
  }

  begin(): void {
    this.failure = "";
    this.#skipped = 0;
    this.#expectSize();
  }

  /** No byte is taken and none handed on any more. */
  stop(): void {
    this.#state = DONE;
  }

  /** Takes bytes of `buffer[at..to)` until the body is done, failed or the bytes are used up; returns how far it came. */
  feed(owner: ExchangeOwner, buffer: Buffer, at: number, to: number): number {
    let position = at;
    while (position < to && this.#state !== DONE && this.failure === "") {
      if (this.#state === DATA) position = this.#data(owner, buffer, position, to);
      else this.#framing(buffer[position++] ?? 0);
    }
    return position;
  }

  #data(owner: ExchangeOwner, buffer: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#size);
    this.#size -= end - at;
    // Before the call: the owner may stop us in it.
    if (this.#size === 0) this.#state = DATA_END;
    owner.onBody(buffer, at, end);
    return end;
  }

  #framing(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#sizeByte(byte);
        break;
      case EXTENSION:
        if (byte === LF) this.#sizeKnown();
        else if (++this.#skipped > EXTENSION_BYTES_MAX) this.#fail("a chunk extension over 16 KiB");
        break;
      case SIZE_CR:
        if (byte === LF) this.#sizeKnown();
        else this.#fail("a carriage return inside a chunk's size");
        break;
      case TRAILER:
        this.#trailerByte(byte);
        break;
      default:
        this.#dataEnd(byte);
    }
  }

  #sizeByte(byte: number): void {
    const digit = HEX[byte] ?? 255;
    if (digit < 16) {
      this.#size = this.#size * 16 + digit;
      if (++this.#digits > SIZE_DIGITS_MAX) this.#fail("a chunk size of more than 12 digits");
    } else if (this.#digits === 0) this.#fail("a chunk without a size");
    else if (byte === LF) this.#sizeKnown();
    else if (byte === CR) this.#state = SIZE_CR;
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = EXTENSION;
    else this.#fail("a chunk size that is not hexadecimal");
  }

  #sizeKnown(): void {
    this.#skipped = 0;
    this.#lineBytes = 0;
    this.#state = this.#size === 0 ? TRAILER : DATA;
  }

  #dataEnd(byte: number): void {
    if (byte === LF) this.#expectSize();
    else if (byte === CR && this.#state === DATA_END) this.#state = DATA_CR;
    else this.#fail("a chunk longer than its size");
  }

  #expectSize(): void {
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
  }

  #trailerByte(byte: number): void {
    if (byte === LF) {
      if (this.#lineBytes === 0) this.#state = DONE;
      this.#lineBytes = 0;
    } else if (byte !== CR) this.#lineBytes++;
    if (++this.#skipped > TRAILER_BYTES_MAX) this.#fail("trailer fields over 64 KiB");
  }

  #fail(what: string): void {
    this.failure = what;
  }
}
