// One exchange on its way through the proxy. Bodies go from socket to socket as they come and are never held: whoever is
// slower holds back the other. Runs once per exchange, its data events once per 64 to 256 KiB. Guarded by perf/proxy-overhead.bench.ts.
//
//   client     --head--> |a| --head--> upstream      a, b, c: time in the proxy, what its histogram adds up
//              ==body======== body ==>
//              <--head-- |b| <--head--
//              <==body======= body ===
//              <--end--- |c| <--end---
//
// An exchange ends with its answer: when the last byte is with the system, or the client or the upstream hung up.
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ExchangeMarks } from "../../archive/exchange.ts";
import { messageOf } from "../../core/errors.ts";
import type { Bytes } from "../../core/units.ts";
import type { AddressRewrite } from "./address-rewrite.ts";
import { KeptBody } from "./kept-body.ts";
import type { PassageHead } from "./passage-head.ts";
import { PassageTimes } from "./passage-times.ts";
import { answerHeaders, hasBody, requestHeaders, trailerPairs } from "./passed-headers.ts";
import { answerItself } from "./proxy-answer.ts";
import { ownPiece, whenWritten } from "./read-buffer.ts";
import { mayBeSentAgain, type UpstreamConnections, whenConnected } from "./upstream-connections.ts";

/** What all passages of a proxy share. */
export type PassageDesk = {
  readonly upstream: UpstreamConnections;
  /** For Host. */
  readonly authority: string;
  readonly rewrite: AddressRewrite;
  /** 0: manifests are not copied. */
  readonly manifestBytesMax: Bytes;
  /** Called once, when all is over. */
  ended(passage: Passage): void;
};

/** What a client goes on sending behind a complete answer is read up to so many bytes, then it is cut off. */
const LEFT_OVER_BYTES_MAX = 16 * 1024 * 1024;
export class Passage {
  readonly head: PassageHead;
  readonly request: IncomingMessage;
  readonly address: string;
  readonly #desk: PassageDesk;
  readonly #response: ServerResponse;
  readonly #copy: KeptBody | undefined;
  readonly #times: PassageTimes;
  #asked: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #requestBytes = 0;
  #answerBytes = 0;
  #leftOver = 0;
  #aborted: "client" | "upstream" | undefined;
  #isEnded = false;
  #wasSentAgain = false;
  #wasContinued = false;
  /** The client was slow at the end: the time until it had all is not ours. */
  #wasHeldBack = false;

  constructor(
    desk: PassageDesk,
    messages: { readonly request: IncomingMessage; readonly response: ServerResponse },
    head: PassageHead,
  ) {
    this.#desk = desk;
    this.head = head;
    this.#times = new PassageTimes(head.startedAt);
    this.request = messages.request;
    this.#response = messages.response;
    this.address = messages.request.socket.remoteAddress ?? "";
    this.#copy =
      head.isManifest && desk.manifestBytesMax > 0
        ? new KeptBody(desk.manifestBytesMax)
        : undefined;
    messages.response.once("close", () => this.#closed());
  }

  get requestBytes(): number {
    return this.#requestBytes;
  }

  get answerBytes(): number {
    return this.#answerBytes;
  }

  get aborted(): "client" | "upstream" | undefined {
    return this.#aborted;
  }

  /** Of the upstream; undefined if there was none. */
  get answer(): IncomingMessage | undefined {
    return this.#answer;
  }

  /** What the client got; 0 = nothing. */
  get status(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0;
  }

  /** The manifest that was moved, undefined if there was none or it was too long. */
  get manifest(): Buffer | undefined {
    return this.#copy?.whole();
  }

  marks(): ExchangeMarks {
    return this.#times.marks();
  }

  /** Milliseconds in the proxy; undefined for an exchange that did not come to its end. */
  overheadMs(): number | undefined {
    if (this.#aborted !== undefined) return undefined;
    return this.#times.overheadMs({ wasHeldBack: this.#wasHeldBack });
  }

  /** Begins to pass the exchange on. */
  run(): void {
    // The client did not wait until the archive had room.
    if (this.#response.destroyed) return;
    this.#ask();
    if (this.#asked === undefined) return;
    const { request, head } = this;
    if (!hasBody(request)) {
      this.#times.note("requestEnd", head.startedAt);
      this.#asked.end();
      request.resume();
      return;
    }
    request.on("data", (piece: Buffer) => this.#sendBody(piece));
    request.once("end", () => this.#endBody());
  }

  /** The proxy closes: what has not ended by now is cut off, and counts as aborted by this side. */
  cut(): void {
    this.#aborted ??= "upstream";
    this.#response.destroy();
    this.#closed();
  }

  #ask(): void {
    try {
      const asked = this.#desk.upstream.begin({
        method: this.request.method ?? "GET",
        target: this.head.target,
        headers: requestHeaders(this.request, this.#desk.authority),
      });
      this.#asked = asked;
      this.#listen(asked);
    } catch (error) {
      this.#answerItself(400, `the request cannot be passed on (${messageOf(error)})`);
    }
  }

  #listen(asked: ClientRequest): void {
    asked.once("socket", (socket) => this.#onSocket(socket));
    asked.once("response", (answer) => this.#onAnswer(answer));
    asked.on("drain", () => this.request.resume());
    asked.on("error", (error) => this.#onAskedError(asked, error));
    asked.once("timeout", () => this.#onSilence());
    if (this.head.isExpecting)
      asked.once("continue", () => {
        this.#wasContinued = true;
        this.#response.writeContinue();
      });
  }

  #onSocket(socket: Socket): void {
    this.#times.note("assigned");
    whenConnected(socket, {
      onConnected: () => this.#times.note("connected"),
      onLate: (why) => this.#asked?.destroy(why),
    });
  }

  #sendBody(piece: Buffer): void {
    this.#requestBytes += piece.length;
    if (this.#response.writableFinished) this.#leftOver += piece.length;
    if (this.#leftOver > LEFT_OVER_BYTES_MAX) this.request.socket.destroy();
    if (this.request.method === "PUT") this.#copy?.take(piece);
    // A request that has failed already takes nothing: the rest is read and dropped, so that the client gets its answer.
    if (this.#asked?.destroyed !== false) return;
    if (!this.#asked.write(piece, whenWritten(piece, this.#copy))) this.request.pause();
  }

  #endBody(): void {
    this.#times.note("requestEnd");
    if (this.request.rawTrailers.length > 0)
      this.#asked?.addTrailers(trailerPairs(this.request.rawTrailers));
    this.#asked?.end();
  }

  #onAnswer(answer: IncomingMessage): void {
    this.#answer = answer;
    this.#times.note("firstByte");
    answer.on("error", () => this.#onAnswerClosed(answer));
    answer.once("close", () => this.#onAnswerClosed(answer));
    if (!this.#sendHead(answer)) return;
    const response = this.#response;
    response.on("drain", () => answer.resume());
    answer.on("data", (piece: Buffer) => this.#sendAnswer(answer, ownPiece(piece)));
    answer.once("end", () => this.#endAnswer(answer));
    // A body that is long in coming does not keep back the head; mostly it came along, and both leave together.
    setImmediate(() => {
      if (this.#times.has("headSent") || response.destroyed) return;
      response.flushHeaders();
      this.#times.note("headSent");
    });
  }

  #sendHead(answer: IncomingMessage): boolean {
    const headers = answerHeaders(answer, this.#desk.rewrite, this.head.door);
    // The client may take its next request to be awaited, or the body that was never asked for.
    if (this.head.isExpecting && !this.#wasContinued && !this.request.complete)
      headers.push("Connection", "close");
    this.#response.sendDate = false;
    try {
      this.#response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
      return true;
    } catch (error) {
      this.#asked?.destroy();
      this.#failUpstream(502, `the upstream's answer cannot be passed on (${messageOf(error)})`);
      return false;
    }
  }

  #sendAnswer(answer: IncomingMessage, piece: Buffer): void {
    this.#answerBytes += piece.length;
    if (this.request.method === "GET") this.#copy?.take(piece);
    if (!this.#response.write(piece, whenWritten(piece, this.#copy))) answer.pause();
    this.#times.note("headSent");
  }

  #endAnswer(answer: IncomingMessage): void {
    this.#times.note("upstreamEnd");
    this.#wasHeldBack = this.#response.writableNeedDrain;
    if (answer.rawTrailers.length > 0) this.#response.addTrailers(trailerPairs(answer.rawTrailers));
    this.#response.end();
    this.#times.note("headSent");
  }

  /** After a whole answer nothing is to be done; one that broke off is broken off for the client, too. */
  #onAnswerClosed(answer: IncomingMessage): void {
    if (answer.complete || this.#aborted !== undefined || this.#isEnded) return;
    this.#aborted = "upstream";
    this.#response.destroy();
  }

  #onAskedError(asked: ClientRequest, error: Error): void {
    // Of a request that was sent again, or one that has been answered.
    if (asked !== this.#asked || this.#answer !== undefined || this.#isEnded) return;
    if (this.#aborted !== undefined) return;
    if (!this.#wasSentAgain && mayBeSentAgain(this.request, asked)) {
      this.#wasSentAgain = true;
      this.#ask();
      this.#asked?.end();
      return;
    }
    this.#failUpstream(502, `the upstream does not answer (${messageOf(error)})`);
  }

  #onSilence(): void {
    const awaitsClient = !this.request.complete || this.#response.writableNeedDrain;
    if (awaitsClient || this.#isEnded) return;
    this.#asked?.destroy();
    this.#failUpstream(504, "the upstream is silent");
  }

  #failUpstream(status: number, why: string): void {
    this.#aborted ??= "upstream";
    if (this.#response.headersSent) this.#response.destroy();
    else this.#answerItself(status, why);
  }

  #answerItself(status: number, why: string): void {
    this.#answerBytes += answerItself(this.#response, status, why);
    this.request.resume();
  }

  /** The answer is out, or nobody will ever take it. */
  #closed(): void {
    if (this.#isEnded) return;
    if (!this.#response.writableFinished) {
      this.#aborted ??= "client";
      this.#asked?.destroy();
    } else if (!this.#times.has("requestEnd") && !this.request.socket.destroyed) {
      // Answered before the request was complete: it still belongs to the exchange, whether the upstream takes it or not.
      this.#times.note("end");
      this.request.once("end", () => this.#end());
      this.request.socket.once("close", () => this.#end());
      return;
    }
    this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#times.note("end");
    if (!this.request.complete) this.#asked?.destroy();
    this.#desk.ended(this);
  }
}
