// Text of SQL string literals.

/** How bytes become text. */
export type SqlText = {
  readonly charset: "utf8" | "latin1";
  /** NO_BACKSLASH_ESCAPES. */
  readonly noBackslash: boolean;
};

const BACKSLASH = 92;

// What the byte behind a backslash stands for. The rest stand for themselves; \% and \_ keep their backslash.
const ESCAPES = new Uint8Array(256).map((_, byte) => byte);
ESCAPES[48] = 0;
ESCAPES[98] = 8;
ESCAPES[110] = 10;
ESCAPES[114] = 13;
ESCAPES[116] = 9;
ESCAPES[90] = 26;
const PERCENT = 37;
const UNDERSCORE = 95;

// MySQL's latin1 is Windows-1252.
const latin1 = new TextDecoder("windows-1252");

export function decoded(bytes: Uint8Array, charset: SqlText["charset"]): string {
  if (charset === "latin1") return latin1.decode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

/** The inside of a quoted literal or name between `from` and `to`. */
export function unescaped(
  data: Uint8Array,
  { from, to, quote, escapes }: { from: number; to: number; quote: number; escapes: boolean },
  { charset }: SqlText,
): string {
  const bytes = Buffer.allocUnsafe(to - from);
  let length = 0;
  for (let p = from; p < to; p++) {
    const byte = data[p] as number;
    if (byte === quote) p++;
    else if (byte === BACKSLASH && escapes) {
      const next = data[++p] as number;
      if (next === PERCENT || next === UNDERSCORE) bytes[length++] = BACKSLASH;
      bytes[length++] = ESCAPES[next] as number;
      continue;
    }
    bytes[length++] = byte;
  }
  return decoded(bytes.subarray(0, length), charset);
}
