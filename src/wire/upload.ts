// Sends the body of an upload while it is being made. Runs once per chunk: the source fills a chunk, or lends one of its own,
// the socket takes it, and the next one is made only after it was flushed, because the memory may be the same. So an upload
// of any size holds one chunk. When a chunk is made and written is the business of upload-turns.ts.
//
//             chunk flushed         last chunk flushed   stop (early answer)   connection closed
//   sending   next chunk            sent                 stopped               idle
//   stopped   stopped               stopped              stopped               idle
//   sent      -                     -                    sent                  sent
//   idle      -                     -                    -                     idle
import type { Socket } from "node:net";
import { invariant } from "../core/errors.ts";
import type { BodySource } from "./exchange.ts";
import type { Turn, UploadTurns } from "./upload-turns.ts";

export const UPLOAD_CHUNK_BYTES = 256 * 1024;

/** Chunks of a thread that no upload has at the moment. There are never more than there were uploads at the same time. */
export class UploadChunks {
  /** How many were ever made. */
  made = 0;
  readonly #free: Buffer[] = [];

  take(): Buffer {
    const chunk = this.#free.pop();
    if (chunk !== undefined) return chunk;
    this.made++;
    return Buffer.allocUnsafeSlow(UPLOAD_CHUNK_BYTES);
  }

  give(chunk: Buffer): void {
    this.#free.push(chunk);
  }
}

type UploadParts = {
  readonly chunks: UploadChunks;
  readonly turns: UploadTurns;
  /** Told of each chunk that was flushed. */
  readonly progress: () => void;
};

/** The uploads of one connection, one after the other. */
export class Upload implements Turn {
  readonly #chunks: UploadChunks;
  readonly #turns: UploadTurns;
  readonly #progress: () => void;
  #chunk: Buffer | undefined;
  #source: BodySource | undefined;
  #socket: Socket | undefined;
  #left = 0;
  /** What is to be written: the chunk, its beginning, or memory of the source. */
  #bytes: Buffer | undefined;
  #state: "idle" | "sending" | "stopped" | "sent" = "idle";

  constructor({ chunks, turns, progress }: UploadParts) {
    this.#chunks = chunks;
    this.#turns = turns;
    this.#progress = progress;
  }

  get sending(): boolean {
    return this.#state === "sending";
  }

  /** Whether every byte of the body was handed to the kernel. */
  get sent(): boolean {
    return this.#state === "sent";
  }

  begin(source: BodySource, bodyBytes: number): void {
    this.#source = source;
    this.#left = bodyBytes;
    this.#state = "sending";
  }

  /** Head and first chunk leave in one system call. */
  start(socket: Socket, head: Buffer): void {
    this.#socket = socket;
    if (this.#left === 0) {
      socket.write(head);
      this.#state = "sent";
      return;
    }
    this.fill();
    socket.cork();
    socket.write(head);
    this.write();
    socket.uncork();
  }

  /** The server has answered already: no further chunk is made. The one that is under way may still leave. */
  stop(): void {
    if (this.#state === "sending") this.#state = "stopped";
  }

  /** The connection is gone, and with it the system's interest in the chunk. */
  close(): void {
    if (this.#state !== "sent") this.#state = "idle";
    this.#giveBack();
  }

  fill(): boolean {
    if (this.#state !== "sending") return false;
    this.#chunk ??= this.#chunks.take();
    this.#bytes = this.#source?.read(this.#chunk);
    const length = this.#bytes?.length ?? 0;
    invariant(length > 0 && length <= this.#left, "a body source makes as many bytes as announced");
    this.#left -= length;
    return true;
  }

  write(): void {
    if (this.#state !== "sending" || this.#bytes === undefined) return;
    this.#socket?.write(this.#bytes, this.#flushed);
  }

  readonly #flushed = (error?: Error | null): void => {
    // A failed write is told by the socket's own error event.
    if (this.#state !== "sending" || error) return;
    this.#bytes = undefined;
    this.#source?.free?.();
    this.#progress();
    if (this.#left > 0) {
      this.#turns.ask(this);
      return;
    }
    this.#state = "sent";
    this.#giveBack();
  };

  #giveBack(): void {
    if (this.#chunk !== undefined) this.#chunks.give(this.#chunk);
    this.#chunk = undefined;
    this.#bytes = undefined;
    this.#source = undefined;
  }
}
