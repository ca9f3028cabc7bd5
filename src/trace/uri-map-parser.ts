// Reads `{"<uri>": "sha256:<64 hex>" | "bad", …}` from pieces of any size, byte by byte, without making strings of unescaped text. Any white
// space, any escapes, as written by us or by Python's json.dump. Some 80 MB/s, a million URIs in 1.5 s.
//
//             {       "          :        "            ,        }
//   open      first
//   first             key text                                 done
//   key               key text
//   colon                        value
//   value                                value text
//   comma                                              key     done
//
// A key text ends in `colon`, a value text in `comma`. Everything that is not in the table is damage.
import { DrayageError } from "../core/errors.ts";

/** Called once per entry. `key` is reused: bytes up to `keyBytes`, UTF-8. `digest` is reused; `undefined` = bad. */
export type UriMapEntry = (key: Buffer, keyBytes: number, digest: Buffer | undefined) => void;

const TEXT_BYTES_MAX = 1 << 20;
const QUOTE = 34;
const BACKSLASH = 92;
const LOWEST_IN_TEXT = 32;

type State = "open" | "first" | "key" | "colon" | "value" | "comma" | "done";

const expectations: Readonly<Record<State, string>> = {
  open: 'expected "{"',
  first: 'expected a URI in quotes or "}"',
  key: "expected a URI in quotes",
  colon: 'expected ":" behind the URI',
  value: 'expected "sha256:…" or "bad"',
  comma: 'expected "," or "}"',
  done: "expected nothing behind the last brace",
};

const BAD = Buffer.from("bad");
const SHA256 = Buffer.from("sha256:");
const VALUE_BYTES = SHA256.length + 64;

export class UriMapParser {
  readonly #onEntry: UriMapEntry;
  #state: State = "open";
  #inText = false;
  #escaped = false;
  #afterBackslash = false;
  /** Offset in the file of the first byte of the piece. */
  #base = 0;
  readonly #text = Buffer.allocUnsafe(TEXT_BYTES_MAX);
  #textBytes = 0;
  readonly #key = Buffer.allocUnsafe(TEXT_BYTES_MAX);
  #keyBytes = 0;
  readonly #value = Buffer.allocUnsafe(TEXT_BYTES_MAX);
  readonly #digest = Buffer.alloc(32);

  constructor(onEntry: UriMapEntry) {
    this.#onEntry = onEntry;
  }

  /** Takes `buffer[0..length)`. Throws `map-corrupt` with the offset of what is wrong. */
  push(buffer: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.#inText) at = this.#readText(buffer, at, length);
      else this.#readMark(buffer[at] as number, at++);
    }
    this.#base += length;
  }

  /** The file has ended. */
  end(): void {
    if (this.#state !== "done") this.#damaged(0, "the file ends in the middle");
  }

  #readMark(byte: number, at: number): void {
    if (byte === 32 || byte === 10 || byte === 13 || byte === 9) return;
    const next = this.#after(String.fromCharCode(byte));
    if (next === undefined) this.#damaged(at, expectations[this.#state]);
    else if (next === "text") this.#beginText();
    else this.#state = next;
  }

  /** The table above. */
  #after(mark: string): State | "text" | undefined {
    switch (this.#state) {
      case "open":
        return mark === "{" ? "first" : undefined;
      case "first":
        return mark === "}" ? "done" : this.#textAt(mark);
      case "key":
      case "value":
        return this.#textAt(mark);
      case "colon":
        return mark === ":" ? "value" : undefined;
      case "comma":
        if (mark === ",") return "key";
        return mark === "}" ? "done" : undefined;
      case "done":
        return undefined;
      default:
        return this.#state satisfies never;
    }
  }

  #textAt(mark: string): "text" | undefined {
    return mark === '"' ? "text" : undefined;
  }

  #beginText(): void {
    this.#inText = true;
    this.#textBytes = 0;
    this.#escaped = false;
    this.#afterBackslash = false;
  }

  /** Takes text up to its closing quote or the end of the piece. Returns where to go on. */
  #readText(buffer: Buffer, from: number, length: number): number {
    let at = from;
    for (; at < length; at++) {
      const byte = buffer[at] as number;
      if (this.#afterBackslash) this.#afterBackslash = false;
      else if (byte === QUOTE) break;
      else if (byte === BACKSLASH) {
        this.#afterBackslash = true;
        this.#escaped = true;
      } else if (byte < LOWEST_IN_TEXT) this.#damaged(at, "a line break or control byte in a text");
    }
    if (this.#textBytes + at - from > TEXT_BYTES_MAX) this.#damaged(at, "a text of over 1 MiB");
    this.#textBytes += buffer.copy(this.#text, this.#textBytes, from, at);
    if (at === length) return at;
    this.#endText(at);
    return at + 1;
  }

  #endText(at: number): void {
    this.#inText = false;
    if (this.#state === "value") {
      this.#endValue(at);
      this.#state = "comma";
    } else {
      this.#keyBytes = this.#decode(this.#key, at);
      this.#state = "colon";
    }
  }

  /** Copies the text without its escapes, which are too rare in URIs to avoid a string. Returns its length. */
  #decode(into: Buffer, at: number): number {
    if (!this.#escaped) return this.#text.copy(into, 0, 0, this.#textBytes);
    try {
      const text: unknown = JSON.parse(`"${this.#text.toString("utf8", 0, this.#textBytes)}"`);
      return into.write(String(text));
    } catch {
      return this.#damaged(at, "a malformed escape in a text");
    }
  }

  #endValue(at: number): void {
    const value = this.#value;
    const length = this.#decode(value, at);
    if (startsWith(value, length, BAD) && length === BAD.length) {
      this.#onEntry(this.#key, this.#keyBytes, undefined);
    } else if (length === VALUE_BYTES && startsWith(value, length, SHA256) && this.#readHex()) {
      this.#onEntry(this.#key, this.#keyBytes, this.#digest);
    } else {
      this.#damaged(at, 'a value is neither "sha256:<64 hex digits>" nor "bad"');
    }
  }

  #readHex(): boolean {
    for (let byte = 0; byte < 32; byte++) {
      const at = SHA256.length + 2 * byte;
      const high = hexDigits[this.#value[at] as number] as number;
      const low = hexDigits[this.#value[at + 1] as number] as number;
      if ((high | low) > 15) return false;
      this.#digest[byte] = (high << 4) | low;
    }
    return true;
  }

  #damaged(at: number, what: string): never {
    throw new DrayageError("map-corrupt", `is damaged at byte ${this.#base + at}: ${what}`);
  }
}

function startsWith(value: Buffer, length: number, start: Buffer): boolean {
  if (length < start.length) return false;
  for (let at = 0; at < start.length; at++) if (value[at] !== start[at]) return false;
  return true;
}

/** Value of a hexadecimal digit by its byte; 255 for any other byte. */
const hexDigits = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  hexDigits[text.charCodeAt(0)] = digit;
  hexDigits[text.toUpperCase().charCodeAt(0)] = digit;
}
