import type { WebSocket } from "ws";
import { messageOf } from "../../core/errors.ts";
import { fleetingEnvelope, keptEnvelope, openEnvelope, receivedEnvelope } from "../envelope.ts";
import { KeptFrames } from "../kept-frames.ts";
import type { Lane, Link, LinkListener } from "../link.ts";

/** What arrived is acknowledged at the latest after so many frames, or this time: kept frames are memory of the other side. */
const ACKNOWLEDGE_FRAMES = 32;
const ACKNOWLEDGE_MS = 100;
/** While more waits in the socket than this, frames stay where they are: the cut of a connection would lose the copy only. */
const SOCKET_BYTES_MAX = 4 * 1024 * 1024;
const NORMAL_CLOSURE = 1000;

/**
 * One end of a conversation over WebSockets, one after the other: what was not acknowledged when a connection broke is sent
 * again on the next one, and what comes twice is dropped.
 */
export class SocketLink implements Link {
  readonly peer: string;
  readonly isPrivate: boolean;
  readonly #kept = new KeptFrames();
  #listener: LinkListener | undefined;
  /** What came before anybody listened: the first words of a node. */
  readonly #early: Uint8Array[] = [];
  #socket: WebSocket | undefined;
  /** Number of the last kept frame that came. */
  #received = 0;
  #unacknowledged = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Number of the last frame that was written to the socket of now. */
  #written = 0;
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

  /** Number of the last kept frame that came: what the other side need not send again. */
  get received(): number {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    for (const frame of this.#early.splice(0)) listener.frame(frame);
  }

  /** Carries on over a fresh connection, after the handshake. `received`: what the other side has got. */
  attach(socket: WebSocket, received: number): void {
    const old = this.#socket;
    this.#socket = socket;
    old?.terminate();
    this.heardAt = performance.now();
    this.#kept.acknowledge(Math.min(received, this.#kept.last));
    this.#written = received;
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

  /** Frames go to the socket as long as it takes them quickly; the rest follows when acknowledgements come. */
  #write(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#written >= this.#kept.last) return;
    for (const kept of this.#kept.unacknowledged()) {
      if (kept.number <= this.#written) continue;
      if (socket.bufferedAmount > SOCKET_BYTES_MAX) {
        setTimeout(() => this.#write(), ACKNOWLEDGE_MS).unref();
        return;
      }
      socket.send(keptEnvelope(kept, this.#acknowledging()));
      this.#written = kept.number;
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
    if (envelope.kind === "kept" && !this.#isNext(envelope.number)) return;
    if (this.#listener === undefined) this.#early.push(Uint8Array.from(envelope.frame));
    else this.#listener.frame(envelope.frame);
  }

  #isNext(number: number): boolean {
    if (number <= this.#received) return false;
    if (number !== this.#received + 1) {
      this.fail(`frame ${number} came after frame ${this.#received}`);
      return false;
    }
    this.#received = number;
    this.#unacknowledged++;
    if (this.#unacknowledged >= ACKNOWLEDGE_FRAMES) this.#acknowledge();
    else this.#timer ??= setTimeout(() => this.#acknowledge(), ACKNOWLEDGE_MS);
    return true;
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
    clearTimeout(this.#timer);
    // Behind what was written before; a peer that does not answer it is cut off by the library after 30 s.
    this.#socket?.close(NORMAL_CLOSURE);
    this.onClosed();
  }
}
