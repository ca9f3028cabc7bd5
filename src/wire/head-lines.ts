// Reads the lines of a response head that matter for framing. Runs per response over every byte of the head once, and
// makes nothing; where a piece ends inside the head, it goes on from the byte where it stopped.
//
//   HTTP/1.1 200 OK CR LF            status line: version, status; the reason is skipped
//   Content-Length: 42 CR LF         field: name up to the colon, value up to the line's end
//   ...                              only Content-Length, Transfer-Encoding and Connection are looked at
//   CR LF                            empty line: the head is complete
//
// Source: RFC 9112 sections 2 to 7, and its leave to take a bare LF as the end of a line. Stricter than it in three
// places, because a client that measures should name an odd server instead of guessing: folded lines, Content-Length
// together with Transfer-Encoding, and transfer codings other than chunked are failures.

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const COMMA = 44;
const DIGIT_0 = 48;

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const HTTP_1 = ascii("http/1.");
const CONTENT_LENGTH = ascii("content-length");
const TRANSFER_ENCODING = ascii("transfer-encoding");
const CONNECTION = ascii("connection");
const CHUNKED = ascii("chunked");
const CLOSE = ascii("close");
const KEEP_ALIVE = ascii("keep-alive");

/** `HTTP/1.1 200`: version, a space, three digits. */
const STATUS_LINE_BYTES_MIN = 12;
/** Digits of a Content-Length: 15 stay an exact number, and are more than any body. */
const LENGTH_DIGITS_MAX = 15;

export class HeadLines {
  status = 0;
  /** -1 where the server announced none. */
  contentLength = -1;
  chunked = false;
  keepAlive = true;
  /** What was wrong; empty while all is well. */
  failure = "";
  #line = 0;
  #scan = 0;
  #first = true;
  #http10 = false;
  #closing = false;

  /** A head starts at `at`. */
  begin(at: number): void {
    this.status = 0;
    this.contentLength = -1;
    this.chunked = false;
    this.keepAlive = true;
    this.failure = "";
    this.#line = at;
    this.#scan = at;
    this.#first = true;
    this.#http10 = false;
    this.#closing = false;
  }

  /** The bytes so far were moved by this much: where to go on moves with them. */
  moveBy(distance: number): void {
    this.#line += distance;
    this.#scan += distance;
  }

  /** Goes on up to `to`; returns where the head ends, or -1 when it is not complete or has failed. */
  feed(buffer: Buffer, to: number): number {
    let scan = this.#scan;
    for (;;) {
      scan = lineFeedIn(buffer, scan, to);
      if (scan === to) break;
      const line = this.#line;
      const end = scan > line && buffer[scan - 1] === CR ? scan - 1 : scan;
      this.#line = ++scan;
      if (end === line && !this.#first) return scan;
      if (this.#first) this.#statusLine(buffer, line, end);
      else this.#field(buffer, line, end);
      if (this.failure !== "") return -1;
    }
    this.#scan = scan;
    return -1;
  }

  /** What makes the end of the body uncertain, known only when all fields have been seen; empty when nothing does. */
  framingFailure(): string {
    if (this.chunked && this.contentLength >= 0)
      return "both Content-Length and Transfer-Encoding in one response";
    // RFC 9112 section 6.1: such a message has faulty framing, whatever it says about the connection.
    if (this.chunked && this.#http10) this.keepAlive = false;
    return "";
  }

  #statusLine(buffer: Buffer, at: number, to: number): void {
    this.#first = false;
    // Before anything else: behind the line's end lie bytes of other responses.
    if (to - at < STATUS_LINE_BYTES_MIN || !isWord(buffer, at, HTTP_1)) {
      this.failure = "no HTTP/1 status line";
      return;
    }
    const minor = decimal(buffer, at + 7, at + 8);
    const separated = to - at === STATUS_LINE_BYTES_MIN || buffer[at + 12] === SPACE;
    this.status = separated ? decimal(buffer, at + 9, at + 12) : -1;
    if (minor < 0 || buffer[at + 8] !== SPACE) this.failure = "no HTTP/1 status line";
    else if (this.status < 100) this.failure = "a status line without a status of three digits";
    this.#http10 = minor === 0;
    this.keepAlive = !this.#http10;
  }

  #field(buffer: Buffer, at: number, to: number): void {
    let colon = at;
    let letter = buffer[at] as number;
    // White space and control characters are below; the line's end is behind `to`, so the loop ends there.
    while (letter > SPACE && letter !== COLON) letter = buffer[++colon] as number;
    if (letter !== COLON || colon === at) {
      this.failure =
        colon < to && letter !== COLON
          ? "a header field whose name holds white space, or a folded line"
          : "a header line without a name and a colon";
      return;
    }
    const name = colon - at;
    if (name === CONTENT_LENGTH.length && isWord(buffer, at, CONTENT_LENGTH))
      this.#contentLength(buffer, colon + 1, to);
    else if (name === TRANSFER_ENCODING.length && isWord(buffer, at, TRANSFER_ENCODING))
      this.#transferEncoding(buffer, colon + 1, to);
    else if (name === CONNECTION.length && isWord(buffer, at, CONNECTION))
      this.#connection(buffer, colon + 1, to);
  }

  #contentLength(buffer: Buffer, at: number, to: number): void {
    const from = skipBlanks(buffer, at, to);
    const length = decimal(buffer, from, trimBlanks(buffer, from, to));
    if (length < 0) this.failure = "a Content-Length that is not a number";
    else if (this.contentLength >= 0 && this.contentLength !== length)
      this.failure = "two different Content-Lengths";
    this.contentLength = length;
  }

  #transferEncoding(buffer: Buffer, at: number, to: number): void {
    const from = skipBlanks(buffer, at, to);
    const end = trimBlanks(buffer, from, to);
    const known = end - from === CHUNKED.length && isWord(buffer, from, CHUNKED);
    if (!known || this.chunked) this.failure = "a Transfer-Encoding other than chunked";
    this.chunked = true;
  }

  /** Looks for `close` and `keep-alive` among the comma-separated words. Close wins, in whichever field it stands. */
  #connection(buffer: Buffer, at: number, to: number): void {
    let word = at;
    for (let end = at; end <= to; end++) {
      if (end < to && buffer[end] !== COMMA) continue;
      const from = skipBlanks(buffer, word, end);
      const length = trimBlanks(buffer, from, end) - from;
      if (length === CLOSE.length && isWord(buffer, from, CLOSE)) {
        this.#closing = true;
      } else if (length === KEEP_ALIVE.length && isWord(buffer, from, KEEP_ALIVE)) {
        this.keepAlive = true;
      }
      word = end + 1;
    }
    if (this.#closing) this.keepAlive = false;
  }
}

/** Where the next line feed stands, or `to`. A loop of its own compiles to half the time of one that looks at lines too. */
function lineFeedIn(buffer: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && buffer[at] !== LF) at++;
  return at;
}

/** Compares without regard to case; `word` is in lower case. The caller has checked that as many bytes are there. */
function isWord(buffer: Buffer, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) {
    if (((buffer[at + i] as number) | 32) !== (word[i] as number)) return false;
  }
  return true;
}

/** The number that `buffer[at..to)` spells in digits, or -1. */
function decimal(buffer: Buffer, at: number, to: number): number {
  if (to <= at || to - at > LENGTH_DIGITS_MAX) return -1;
  let value = 0;
  for (let i = at; i < to; i++) {
    const digit = (buffer[i] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function skipBlanks(buffer: Buffer, at: number, to: number): number {
  let from = at;
  while (from < to && (buffer[from] === SPACE || buffer[from] === TAB)) from++;
  return from;
}

function trimBlanks(buffer: Buffer, at: number, to: number): number {
  let end = to;
  while (end > at && (buffer[end - 1] === SPACE || buffer[end - 1] === TAB)) end--;
  return end;
}
