// Exchanges over HTTP/2: as many as are taken share one connection, which is what clients do that speak it. Each exchange
// costs a stream object and some events of Node's, several times what one over HTTP/1.1 does: this is not the measured path
// of replays, and perf/ has no bench of it.
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import { Failure } from "../core/failure.ts";
import { type Nanos, nanos, secondsFromNanos } from "../core/units.ts";
import { type Judged, UNSEEN } from "./deadlines.ts";
import type { ExchangeOwner } from "./exchange.ts";
import { Http2Head, http2Fields } from "./http2-head.ts";
import { Http2Session, type SessionUser } from "./http2-session.ts";
import type { ConnectTarget } from "./origin.ts";
import type { RequestConnection, RequestPool } from "./request-pool.ts";
import type { ThreadWire } from "./thread-wire.ts";

export class Http2Pool implements RequestPool {
  readonly target: ConnectTarget;
  opened = 0;
  readonly #wire: ThreadWire;
  readonly #open = new Set<Http2Session>();
  #shared: Http2Session | undefined;

  constructor(target: ConnectTarget, wire: ThreadWire) {
    this.target = target;
    this.#wire = wire;
  }

  take(): RequestConnection {
    const state = this.#shared?.state ?? "closed";
    if (this.#shared === undefined || state === "closed" || state === "leaving")
      this.#shared = this.#make();
    return new Http2Exchange(this.#shared, this.target, this.#wire);
  }

  /** On a connection of its own, which nobody else will use. */
  takeFresh(): RequestConnection {
    return new Http2Exchange(this.#make(), this.target, this.#wire);
  }

  #make(): Http2Session {
    for (const session of this.#open) if (session.state === "closed") this.#open.delete(session);
    const session = new Http2Session(this.target, this.#wire);
    this.opened++;
    this.#open.add(session);
    return session;
  }

  /** The connection stays where it is: there is nothing to give back. */
  give(_: RequestConnection): void {}

  closeAll(): void {
    this.#shared = undefined;
    for (const session of this.#open) session.close();
    this.#open.clear();
  }
}

/** One exchange: a stream of the connection. */
class Http2Exchange implements RequestConnection, SessionUser, Judged {
  readonly #session: Http2Session;
  readonly #target: ConnectTarget;
  readonly #wire: ThreadWire;
  readonly #head = new Http2Head();
  #owner: ExchangeOwner | undefined;
  #request: Buffer | undefined;
  #stream: ClientHttp2Stream | undefined;
  #answered = false;
  #beganAt: Nanos = UNSEEN;
  #phaseAt: Nanos = UNSEEN;

  constructor(session: Http2Session, target: ConnectTarget, wire: ThreadWire) {
    this.#session = session;
    this.#target = target;
    this.#wire = wire;
  }

  get state(): "fresh" | "idle" {
    return this.#session.state === "connecting" ? "fresh" : "idle";
  }

  get connectedAt(): Nanos {
    return this.#session.connectedAt;
  }

  exchange(owner: ExchangeOwner, request: Buffer, length: number): void {
    this.#owner = owner;
    this.#request = length === request.length ? request : request.subarray(0, length);
    this.#wire.deadlines.add(this);
    this.#wire.deadlines.begin();
    this.#session.use(this);
  }

  sessionOpen(session: ClientHttp2Session): void {
    const request = this.#request;
    if (this.#owner === undefined || request === undefined) return;
    this.#phaseAt = UNSEEN;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(http2Fields(request), { endStream: true });
    } catch {
      // The server has said goodbye between two turns of the event loop.
      this.#fail(Failure.reset, "closed before the response", this.#session.served > 0);
      return;
    }
    this.#stream = stream;
    stream.on("response", (fields) => this.#responded(fields));
    stream.on("data", (bytes: Buffer) => {
      this.#phaseAt = UNSEEN;
      this.#owner?.onBody(bytes, 0, bytes.length);
    });
    stream.on("end", () => this.#ended(stream));
    // Without a listener an error would end the thread; what came of it stands in the code at `close`.
    stream.on("error", () => {});
    stream.on("close", () => this.#closed(stream.rstCode));
  }

  #responded(fields: Parameters<Http2Head["take"]>[0]): void {
    this.#phaseAt = UNSEEN;
    this.#answered = true;
    this.#head.take(fields);
    this.#owner?.onHead(this.#head);
  }

  #ended(stream: ClientHttp2Stream): void {
    // A stream that was cut off ends as well, and says so in its code.
    if (!this.#answered || stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    this.#session.served++;
    this.#release()?.onEnd();
  }

  #closed(code: number): void {
    const place = this.#answered ? "inside the body of the response" : "before the response";
    const untouched = code === constants.NGHTTP2_REFUSED_STREAM;
    this.#fail(this.#brokenCode(), `the stream was closed ${place} (code ${code})`, untouched);
  }

  #brokenCode(): number {
    return this.#answered ? Failure.truncated_body : Failure.reset;
  }

  sessionLost(code: number, message: string): void {
    const isCut = code === Failure.reset && this.#answered;
    const owner = this.#release();
    const untouched = code === Failure.reset && !this.#answered && this.#session.served > 0;
    owner?.onFailure(isCut ? Failure.truncated_body : code, message, untouched);
  }

  abort(code: number, message: string): void {
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#fail(code, message);
  }

  /** With its connection: asked for where a connection is not to be used again. */
  close(): void {
    this.abort(Failure.aborted, "the connection was closed on our side");
    this.#session.close();
  }

  #fail(code: number, message: string, untouched = false): void {
    const owner = this.#release();
    owner?.onFailure(code, `${this.#target.label}: ${message}`, untouched);
  }

  #release(): ExchangeOwner | undefined {
    const owner = this.#owner;
    if (owner === undefined) return undefined;
    this.#owner = undefined;
    this.#session.leave(this);
    this.#wire.deadlines.end();
    this.#wire.deadlines.remove(this);
    return owner;
  }

  /** Called by the sweep of deadlines.ts. */
  judge(now: Nanos): void {
    if (this.#beganAt === UNSEEN) this.#beganAt = now;
    if (this.#phaseAt === UNSEEN) this.#phaseAt = now;
    const { connect, firstByte, idle, total } = this.#wire.timeouts;
    const inPhase = nanos(now - this.#phaseAt);
    if (this.#stream === undefined) this.#judgePhase("connect", connect, inPhase);
    else if (this.#answered) this.#judgePhase("idle", idle, inPhase);
    else this.#judgePhase("first_byte", firstByte, inPhase);
    this.#judgePhase("total", total, nanos(now - this.#beganAt));
  }

  #judgePhase(phase: keyof typeof OVERDUE, limit: Nanos, taken: Nanos): void {
    if (limit === 0 || taken < limit || this.#owner === undefined) return;
    const what = `${OVERDUE[phase]} within ${secondsFromNanos(limit)} s`;
    if (phase === "connect") this.#session.giveUp(what);
    else this.abort(Failure[`timeout:${phase}`], what);
  }
}

const OVERDUE = {
  connect: "no connection",
  first_byte: "no answer",
  idle: "no further byte",
  total: "the exchange did not end",
} as const;
