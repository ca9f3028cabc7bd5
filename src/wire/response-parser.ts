// Reads HTTP/1.x responses out of receive buffers, cut anywhere. Runs once per received piece, two or three times per
// request at most; budget 0.5 µs for a plain response. It makes no string and no object for one: the head is read where
// it lies, and copied only when a piece ends inside it. Guarded by perf/wire-loopback.bench.ts.
//
//            a line of the head   empty line            body bytes        connection ends      all bytes in
//   head     head                 head after a 1xx,     -                 failed (owner side)  -
//                                 else fixed | chunked
//                                 | until-close | done
//   fixed    -                    -                     fixed             failed (owner side)  done
//   chunked  see chunked-body.ts                        chunked           failed (owner side)  done
//   until-   -                    -                     until-close       done                 -
//   close
//   done     any further byte is a failure: nobody asked for it
//   failed   `failure` says why, no byte is taken
//   stopped  the owner gave up inside a callback; no byte is taken
import { invariant } from "../core/errors.ts";
import { ChunkedBody } from "./chunked-body.ts";
import type { ExchangeOwner, ResponseHead } from "./exchange.ts";
import { fieldValues } from "./head-fields.ts";
import { HeadLines } from "./head-lines.ts";

/** Bytes of one head, from the status line to the empty line. */
export const HEAD_BYTES_MAX = 64 * 1024;
/** Interim (1xx) heads before the final one. */
const INTERIM_HEADS_MAX = 100;
/** A head that comes in pieces starts with this much room and doubles. */
const HEAD_BYTES_FIRST = 4 * 1024;

export type ParserState =
  | "head"
  | "fixed"
  | "chunked"
  | "until-close"
  | "done"
  | "failed"
  | "stopped";

const NOTHING = Buffer.alloc(0);

/**
 * Parser and head of the responses of one connection: `begin`, then `feed` each received piece, and look at `state`.
 * As a `ResponseHead`, `status` and `contentLength` hold until the next `begin`; `value` and `values` may be called
 * only during `onHead`, because the bytes that they decode lie in the receive buffer that all connections share.
 */
export class ResponseParser implements ResponseHead {
  state: ParserState = "done";
  /** What was wrong, for people, once `state` is "failed". */
  failure = "";
  /** Whether a byte of the answer has come since `begin`. */
  started = false;
  readonly #lines = new HeadLines();
  readonly #chunked = new ChunkedBody();
  #expectsBody = true;
  #interimHeads = 0;
  /** Bytes of a body of known length that are still to come. */
  #remaining = 0;
  /** A head that came in pieces is put together here; `#kept` bytes of it so far. */
  #room: Buffer = NOTHING;
  #kept = 0;
  /** Where the current head lies, during `onHead` only. */
  #head: Buffer | undefined;
  #headAt = 0;
  #headEnd = 0;

  get status(): number {
    return this.#lines.status;
  }

  get contentLength(): number {
    return this.#lines.contentLength;
  }

  /** Whether the server leaves the connection open after this response. */
  get keepAlive(): boolean {
    return this.#lines.keepAlive;
  }

  value(name: string): string | undefined {
    const values = this.values(name);
    return values.length === 0 ? undefined : values.join(", ");
  }

  values(name: string): string[] {
    invariant(this.#head !== undefined, "header fields are read during onHead");
    return fieldValues(this.#head, { from: this.#headAt, to: this.#headEnd }, name);
  }

  /** The next bytes answer a new request. `expectsBody` is false for HEAD. */
  begin(expectsBody: boolean): void {
    this.state = "head";
    this.started = false;
    this.#expectsBody = expectsBody;
    this.#interimHeads = 0;
    this.#kept = 0;
    this.#lines.begin(0);
  }

  /** Whoever owned the response wants no more of it: no callback comes, no byte is taken. */
  stop(): void {
    this.state = "stopped";
    this.#chunked.stop();
  }

  /** Takes `buffer[0..to)`, calling `onHead` and `onBody` on the way; `onEnd` is left to the connection. */
  feed(owner: ExchangeOwner, buffer: Buffer, to: number): void {
    this.started = true;
    let at = 0;
    while (at < to) {
      switch (this.state) {
        case "head":
          at =
            this.#kept === 0
              ? this.#headInPlace(owner, buffer, at, to)
              : this.#headInRoom(owner, buffer, at, to);
          break;
        case "fixed":
          at = this.#fixed(owner, buffer, at, to);
          break;
        case "chunked":
          at = this.#chunks(owner, buffer, at, to);
          break;
        case "until-close":
          owner.onBody(buffer, at, to);
          return;
        case "done":
          this.#fail(`${to - at} bytes after the end of the response`);
          return;
        case "failed":
        case "stopped":
          return;
        default:
          this.state satisfies never;
      }
    }
  }

  /** The connection has ended in good order: that completes a body without a length, and nothing else. */
  endOfStream(): void {
    if (this.state === "until-close") this.state = "done";
  }

  #headInPlace(owner: ExchangeOwner, buffer: Buffer, at: number, to: number): number {
    this.#lines.begin(at);
    const limit = Math.min(to, at + HEAD_BYTES_MAX);
    const end = this.#lines.feed(buffer, limit);
    if (end < 0) this.#keep(buffer, at, limit);
    else this.#headComplete(owner, buffer, at, end);
    return end < 0 ? limit : end;
  }

  /** The head began in an earlier piece: continue in `#room`, where its bytes are side by side. */
  #headInRoom(owner: ExchangeOwner, buffer: Buffer, at: number, to: number): number {
    const before = this.#kept;
    const limit = Math.min(to, at + HEAD_BYTES_MAX - before);
    this.#copyToRoom(buffer, at, limit);
    const end = this.#lines.feed(this.#room, this.#kept);
    if (end < 0) this.#checkHeadLimit();
    else {
      this.#kept = 0;
      this.#headComplete(owner, this.#room, 0, end);
    }
    return end < 0 ? limit : at + end - before;
  }

  #keep(buffer: Buffer, at: number, to: number): void {
    this.#copyToRoom(buffer, at, to);
    this.#lines.moveBy(-at);
    this.#checkHeadLimit();
  }

  #checkHeadLimit(): void {
    if (this.#lines.failure !== "") this.#fail(this.#lines.failure);
    else if (this.#kept >= HEAD_BYTES_MAX) this.#fail("a response head over 64 KiB");
  }

  #copyToRoom(buffer: Buffer, at: number, to: number): void {
    const needed = this.#kept + to - at;
    if (needed > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(roomFor(needed));
      this.#room.copy(larger, 0, 0, this.#kept);
      this.#room = larger;
    }
    buffer.copy(this.#room, this.#kept, at, to);
    this.#kept = needed;
  }

  #headComplete(owner: ExchangeOwner, buffer: Buffer, at: number, end: number): void {
    if (this.status < 200) {
      this.#interim();
      return;
    }
    const failure = this.#lines.framingFailure();
    if (failure !== "") {
      this.#fail(failure);
      return;
    }
    this.#startBody();
    this.#head = buffer;
    this.#headAt = at;
    this.#headEnd = end;
    owner.onHead(this);
    this.#head = undefined;
  }

  #interim(): void {
    if (this.status === 101) this.#fail("a switch of protocols that nobody asked for");
    else if (++this.#interimHeads > INTERIM_HEADS_MAX)
      this.#fail("more than 100 interim responses");
    else this.#lines.begin(0);
  }

  #startBody(): void {
    const { status, contentLength, chunked } = this.#lines;
    if (!this.#expectsBody || status === 204 || status === 304) this.state = "done";
    else if (chunked) {
      this.state = "chunked";
      this.#chunked.begin();
    } else if (contentLength < 0) {
      this.state = "until-close";
      // Whatever the server said: its end of the connection is the end of the body.
      this.#lines.keepAlive = false;
    } else {
      this.state = contentLength === 0 ? "done" : "fixed";
      this.#remaining = contentLength;
    }
  }

  #fixed(owner: ExchangeOwner, buffer: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#remaining);
    this.#remaining -= end - at;
    // Before the call: the owner may stop us in it.
    if (this.#remaining === 0) this.state = "done";
    owner.onBody(buffer, at, end);
    return end;
  }

  #chunks(owner: ExchangeOwner, buffer: Buffer, at: number, to: number): number {
    const end = this.#chunked.feed(owner, buffer, at, to);
    if (this.state !== "chunked") return end;
    if (this.#chunked.failure !== "") this.#fail(this.#chunked.failure);
    else if (this.#chunked.done) this.state = "done";
    return end;
  }

  #fail(what: string): void {
    this.state = "failed";
    this.failure = what;
  }
}

function roomFor(needed: number): number {
  let bytes = HEAD_BYTES_FIRST;
  while (bytes < needed) bytes *= 2;
  return Math.min(bytes, HEAD_BYTES_MAX);
}
