import type { WebSocket } from "ws";
import { messageOf } from "../../core/errors.ts";
import { fleetingEnvelope, keptEnvelope, openEnvelope, receivedEnvelope } from "../envelope.ts";
import { KeptFrames } from "../kept-frames.ts";
import type { Lane, Link, LinkListener } from "../link.ts";
import { WaitingFrames } from "../waiting-frames.ts";

/** What arrived is acknowledged at the latest after so much, or this time: kept frames are memory of the other side. */
const ACKNOWLEDGE_FRAMES = 32;
const ACKNOWLEDGE_BYTES = 1024 * 1024;
const ACKNOWLEDGE_MS = 100;
/**
 * Bytes that are sent ahead of what is acknowledged, as far as there are so many: what waits in sockets, and at the other end
 * while there is no room for it.
 */
const AHEAD_BYTES_MAX = 4 * 1024 * 1024;
const NORMAL_CLOSURE = 1000;
/** How long a peer may take to answer a goodbye: a process does not end before. */
const FAREWELL_MS_MAX = 5000;

/**
 * One end of a conversation over WebSockets, one after the other: what was not acknowledged when a connection broke is sent
 * again on the next one, and what comes twice is dropped.
 */
export class SocketLink implements Link {
  readonly peer: string;
  readonly isPrivate: boolean;
  readonly #kept = new KeptFrames();
  #listener: LinkListener | undefined;
  /** What came and cannot be heard yet. */
  readonly #waiting = new WaitingFrames((frame) => this.#hear(frame));
  #socket: WebSocket | undefined;
  /** Number of the last kept frame that came, and of the last that was heard, which is what is acknowledged. */
  #arrived = 0;
  #received = 0;
  #unacknowledged = 0;
  #unacknowledgedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Number of the last frame that was written to the socket of now, and bytes of all frames up to it. */
  #written = 0;
  #writtenBytes = 0;
  /** When something came last, ms of the process's clock. */
  heardAt: number = performance.now();
  /** Called when a connection broke, and when the conversation is over. */
  onCut: () => void = () => {};
  onClosed: () => void = () => {};

  constructor({ peer, isPrivate }: { peer: string; isPrivate: boolean }) {
    this.peer = peer;
    this.isPrivate = isPrivate;
  }

  get unacknowledgedBytes(): number {
    return this.#kept.bytes;
  }

  unacknowledged(): readonly Uint8Array[] {
    return this.#kept.unacknowledged().map(({ frame }) => frame);
  }

  /** Number of the last kept frame that was heard: what the other side need not send again. */
  get received(): number {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.#waiting.open();
  }

  deliverWhile(hasRoom: () => boolean): void {
    this.#waiting.limit(hasRoom);
  }

  /** Carries on over a fresh connection, after the handshake. `received`: what the other side has got. */
  attach(socket: WebSocket, received: number): void {
    const old = this.#socket;
    this.#socket = socket;
    old?.terminate();
    this.heardAt = performance.now();
    this.#kept.acknowledge(Math.min(received, this.#kept.last));
    this.#written = Math.min(received, this.#kept.last);
    this.#writtenBytes = this.#kept.acknowledgedBytes;
    socket.on("message", (data: Buffer) => this.#take(socket, data));
    socket.on("close", () => this.#cut(socket));
    socket.on("error", () => socket.terminate());
    this.#write();
    this.#listener?.connected(true);
  }

  /** Gives the connection up; the conversation may go on over another one. */
  cut(): void {
    this.#socket?.terminate();
  }

  #cut(socket: WebSocket): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = undefined;
    this.#listener?.connected(false);
    this.onCut();
  }

  send(frame: Uint8Array, lane: Lane): void {
    if (this.#closed) return;
    if (lane === "fleeting") {
      this.#socket?.send(fleetingEnvelope(frame, this.#acknowledging()));
      return;
    }
    this.#kept.add(frame, lane);
    this.#write();
  }

  /** Frames go to the socket up to a bound; the rest follows when acknowledgements come. */
  #write(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#written >= this.#kept.last) return;
    for (const kept of this.#kept.unacknowledged()) {
      if (kept.number <= this.#written) continue;
      if (this.#writtenBytes - this.#kept.acknowledgedBytes >= AHEAD_BYTES_MAX) return;
      socket.send(keptEnvelope(kept, this.#acknowledging()));
      this.#written = kept.number;
      this.#writtenBytes += kept.frame.length;
    }
  }

  #take(socket: WebSocket, data: Buffer): void {
    if (this.#closed || socket !== this.#socket) return;
    this.heardAt = performance.now();
    const envelope = openEnvelope(data);
    if (envelope === undefined || envelope.received > this.#kept.last) {
      this.fail("what came is no envelope of this protocol");
      return;
    }
    this.#kept.acknowledge(envelope.received);
    this.#write();
    if (envelope.kind === "received") return;
    if (envelope.kind === "fleeting") this.#listener?.frame(envelope.frame);
    else if (this.#isNext(envelope.number)) this.#waiting.take(envelope.frame);
  }

  #isNext(number: number): boolean {
    if (number <= this.#arrived) return false;
    if (number !== this.#arrived + 1) {
      this.fail(`frame ${number} came after frame ${this.#arrived}`);
      return false;
    }
    this.#arrived = number;
    return true;
  }

  /** There is room for it, and somebody listens. */
  #hear(frame: Uint8Array): void {
    this.#received++;
    this.#unacknowledged++;
    this.#unacknowledgedBytes += frame.length;
    const isMuch =
      this.#unacknowledged >= ACKNOWLEDGE_FRAMES || this.#unacknowledgedBytes >= ACKNOWLEDGE_BYTES;
    if (isMuch) this.#acknowledge();
    else this.#timer ??= setTimeout(() => this.#acknowledge(), ACKNOWLEDGE_MS);
    this.#listener?.frame(frame);
  }

  #acknowledge(): void {
    const received = this.#acknowledging();
    this.#socket?.send(receivedEnvelope(received));
  }

  /** The number to send along: what it says need not be said again. */
  #acknowledging(): number {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unacknowledged = 0;
    this.#unacknowledgedBytes = 0;
    return this.#received;
  }

  /** Ends the conversation because of what came, or because nothing can come any more. */
  fail(reason: unknown): void {
    if (this.#closed) return;
    this.#end();
    this.#listener?.closed(typeof reason === "string" ? reason : messageOf(reason));
  }

  close(): void {
    if (this.#closed) return;
    if (this.#socket !== undefined) this.#acknowledge();
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#waiting.close();
    clearTimeout(this.#timer);
    if (this.#socket !== undefined) leave(this.#socket);
    this.onClosed();
  }
}

/** Behind what was written before. */
function leave(socket: WebSocket): void {
  const late = setTimeout(() => socket.terminate(), FAREWELL_MS_MAX);
  socket.once("close", () => clearTimeout(late));
  socket.close(NORMAL_CLOSURE);
}
