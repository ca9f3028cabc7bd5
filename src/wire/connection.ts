// One socket, one exchange at a time. Runs for every request; budget: one write and one read of the system, and less
// than 2 µs of our own per small exchange. Makes no closure, string, promise or timer per request; what Node makes for a
// write is all. Guarded by perf/wire-loopback.bench.ts.
//
//                exchange,    connected   response        server ends, breaks    close,    time-out
//                upload                   complete        or talks unasked       abort
//   fresh        connecting   -           -               -                      closed    -
//   connecting   -            busy, idle+ -               closed, onFailure      closed*   closed, onFailure
//   idle         busy         -           -               closed                 closed    -
//   busy         -            -           idle or closed, closed, onFailure      closed*   closed, onFailure
//                                         onEnd
//   closed       -            -           -               -                      -         -
//
//   * onFailure, when an exchange was under way.   + where it connects ahead of its first exchange.
// After a response the connection is idle, unless either side said that it closes, the server answered before it had the
// whole request, or the body ended with the connection.
import type { Socket } from "node:net";
import { invariant } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import { type Nanos, nanos, secondsFromNanos } from "../core/units.ts";
import { type Judged, overdue, UNSEEN } from "./deadlines.ts";
import type { BodySource, ExchangeOwner } from "./exchange.ts";
import type { ConnectTarget } from "./origin.ts";
import { ResponseParser } from "./response-parser.ts";
import { openSocket, socketErrorText } from "./socket.ts";
import type { ThreadWire } from "./thread-wire.ts";
import { Upload } from "./upload.ts";

export type ConnectionState = "fresh" | "connecting" | "idle" | "busy" | "closed";

/** Whoever keeps connections is told once when one is gone, before its owner is. */
export interface ConnectionKeeper {
  connectionClosed(connection: Connection): void;
}

export class Connection implements Judged {
  readonly target: ConnectTarget;
  state: ConnectionState = "fresh";
  /** Responses that were received completely. */
  served = 0;
  /** When the connection stood, TLS included, on the thread's clock; -1 before. */
  connectedAt: Nanos = nanos(-1);
  readonly #wire: ThreadWire;
  readonly #keeper: ConnectionKeeper | undefined;
  readonly #parser = new ResponseParser();
  #socket: Socket | undefined;
  #tcpConnected = false;
  #connected: ((failure: string | undefined) => void) | undefined;
  /** It stood, or served, before the exchange that is under way: the server may have given it up meanwhile. */
  #stoodBefore = false;
  #owner: ExchangeOwner | undefined;
  #request: Buffer | undefined;
  #requestBytes = 0;
  #upload: Upload | undefined;
  /** Starts of the exchange and of its current phase, see deadlines.ts. */
  #beganAt: Nanos = UNSEEN;
  #phaseAt: Nanos = UNSEEN;

  constructor(target: ConnectTarget, wire: ThreadWire, keeper?: ConnectionKeeper) {
    this.target = target;
    this.#wire = wire;
    this.#keeper = keeper;
  }

  /**
   * Whether the whole upload was handed to the system; true where there is none. May be false at `onHead` and `onEnd`:
   * the server answered early.
   */
  get bodySent(): boolean {
    return this.#upload === undefined || this.#upload.sent;
  }

  /**
   * Sends `request[0..length)`, a complete head in wire form, and connects first where needed. The bytes stay the
   * caller's and must not change until `onEnd` or `onFailure`: they are written from where they are. A `length` of the
   * whole buffer costs nothing; a part costs one view. `expectsBody` is false for HEAD.
   */
  exchange(owner: ExchangeOwner, request: Buffer, length: number, expectsBody: boolean): void {
    this.#begin(owner, request, length, expectsBody);
  }

  /**
   * Like `exchange`, followed by `bodyBytes` bytes of `body`, made while they are sent. The head announces them as its
   * Content-Length. A server that answers before it has the whole body ends the sending: its response is delivered, and
   * the connection closed behind it.
   */
  upload(
    owner: ExchangeOwner,
    head: Buffer,
    length: number,
    body: BodySource,
    bodyBytes: number,
  ): void {
    this.#upload ??= new Upload({
      chunks: this.#wire.uploadChunks,
      turns: this.#wire.uploadTurns,
      progress: () => {
        this.#phaseAt = UNSEEN;
      },
    });
    this.#upload.begin(body, bodyBytes);
    this.#begin(owner, head, length, true);
  }

  /** Connects ahead of the first exchange. `connected` is told once: that it stands and is idle, or why not. */
  connect(connected: (failure: string | undefined) => void): void {
    invariant(this.state === "fresh", "only a fresh connection connects");
    this.#connected = connected;
    this.#open();
  }

  /** Ends the exchange that is under way: `onFailure` with this code comes before it returns. Closes in any case. */
  abort(code: number, message: string): void {
    this.#parser.stop();
    this.#fail(code, message);
  }

  close(): void {
    this.abort(Failure.aborted, `${this.target.label}: the connection was closed on our side`);
  }

  /** Called by the sweep of deadlines.ts. */
  judge(now: Nanos): void {
    if (this.#owner === undefined) return;
    if (this.#beganAt === UNSEEN) this.#beganAt = now;
    if (this.#phaseAt === UNSEEN) this.#phaseAt = now;
    const { connect, firstByte, idle, total } = this.#wire.timeouts;
    const inPhase = nanos(now - this.#phaseAt);
    if (this.state === "connecting") this.#judgePhase("connect", connect, inPhase);
    else if (this.#upload?.sending === true || this.#parser.started)
      this.#judgePhase("idle", idle, inPhase);
    else this.#judgePhase("first_byte", firstByte, inPhase);
    this.#judgePhase("total", total, nanos(now - this.#beganAt));
  }

  #judgePhase(phase: keyof typeof overdue, limit: Nanos, taken: Nanos): void {
    if (limit === 0 || taken < limit || this.#owner === undefined) return;
    const within = `within ${secondsFromNanos(limit)} s`;
    this.#fail(Failure[`timeout:${phase}`], `${this.target.label}: ${overdue[phase]} ${within}`);
  }

  #begin(owner: ExchangeOwner, request: Buffer, length: number, expectsBody: boolean): void {
    invariant(
      this.state === "idle" || this.state === "fresh",
      "an exchange begins on a connection that is idle or fresh",
    );
    this.#owner = owner;
    this.#request = request;
    this.#requestBytes = length;
    this.#parser.begin(expectsBody);
    this.#beganAt = UNSEEN;
    this.#phaseAt = UNSEEN;
    this.#wire.deadlines.begin();
    if (this.#socket === undefined) this.#open();
    else this.#send(this.#socket);
  }

  #open(): void {
    this.state = "connecting";
    this.#wire.deadlines.add(this);
    const socket = openSocket(this.target, {
      buffer: this.#wire.receive,
      callback: (bytes) => {
        this.#received(bytes);
        return this.#mayReadOn(bytes);
      },
    });
    this.#socket = socket;
    socket.on("connect", () => {
      this.#tcpConnected = true;
    });
    socket.on(this.target.tls === undefined ? "connect" : "secureConnect", () => {
      if (this.state !== "connecting") return;
      this.connectedAt = this.#wire.clock.now();
      this.#phaseAt = UNSEEN;
      if (this.#connected === undefined) this.#send(socket);
      else this.#rest(this.#connected);
    });
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
    socket.on("error", (error) => this.#broken(error));
  }

  #rest(connected: (failure: undefined) => void): void {
    this.state = "idle";
    this.#stoodBefore = true;
    this.#connected = undefined;
    connected(undefined);
  }

  #send(socket: Socket): void {
    this.state = "busy";
    const request = this.#request;
    invariant(request !== undefined, "a busy connection has a request");
    const length = this.#requestBytes;
    const bytes = length === request.length ? request : request.subarray(0, length);
    if (this.#upload?.sending === true) this.#upload.start(socket, bytes);
    else socket.write(bytes);
  }

  #received(bytes: number): void {
    const owner = this.#owner;
    if (owner === undefined) {
      // Nobody asked: a server that gives up on an idle connection may say so (408) before it closes.
      this.#shut();
      return;
    }
    this.#phaseAt = UNSEEN;
    const parser = this.#parser;
    parser.feed(owner, this.#wire.receive, bytes);
    if (parser.state === "done") this.#complete();
    else if (parser.state === "failed") this.#fail(Failure.protocol, this.#saying(parser.failure));
    else if (parser.state !== "head") this.#upload?.stop();
  }

  /** A read that filled the buffer ends the connection's turn, since more of the same is likely to follow at once. */
  #mayReadOn(bytes: number): boolean {
    const { receive, readTurns } = this.#wire;
    if (bytes < receive.length || this.#socket === undefined || this.state === "closed")
      return true;
    readTurns.wait(this.#socket);
    return false;
  }

  #complete(): void {
    const owner = this.#release();
    this.served++;
    this.#stoodBefore = true;
    const flushed = this.bodySent && this.#socket?.writableLength === 0;
    if (this.#parser.keepAlive && flushed) this.state = "idle";
    else this.#shut();
    owner?.onEnd();
  }

  #ended(): void {
    if (this.state === "closed") return;
    this.#parser.endOfStream();
    if (this.#parser.state === "done" && this.#owner !== undefined) this.#complete();
    else if (this.state === "connecting")
      this.#fail(this.#connectFailure(), this.#saying("closed before the connection stood"));
    else this.#fail(this.#brokenFailure(), this.#saying(`closed ${this.#place()}`));
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.state === "closed") return;
    const cause = socketErrorText(error);
    if (this.state === "connecting")
      this.#fail(this.#connectFailure(), `cannot connect to ${this.target.label}: ${cause}`);
    else if (error.code?.startsWith("ERR_SSL_") === true)
      this.#fail(Failure.tls, this.#saying(cause));
    else this.#fail(this.#brokenFailure(), this.#saying(`${cause} ${this.#place()}`));
  }

  #connectFailure(): number {
    return this.target.tls !== undefined && this.#tcpConnected ? Failure.tls : Failure.connect;
  }

  #brokenFailure(): number {
    return this.#parser.state === "head" ? Failure.reset : Failure.truncated_body;
  }

  #place(): string {
    if (this.#parser.state !== "head") return "inside the body of the response";
    return this.#parser.started ? "inside the head of the response" : "before the response";
  }

  #saying(what: string): string {
    return `${this.target.label}: ${what}`;
  }

  #fail(code: number, message: string): void {
    const untouched = code === Failure.reset && this.#stoodBefore && !this.#parser.started;
    const owner = this.#release();
    this.#shut();
    this.#connected?.(message);
    owner?.onFailure(code, message, untouched);
  }

  /** Takes the exchange off the connection. */
  #release(): ExchangeOwner | undefined {
    const owner = this.#owner;
    if (owner === undefined) return undefined;
    this.#owner = undefined;
    this.#request = undefined;
    this.#wire.deadlines.end();
    return owner;
  }

  #shut(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#wire.deadlines.remove(this);
    this.#upload?.close();
    this.#socket?.destroy();
    this.#keeper?.connectionClosed(this);
  }
}
