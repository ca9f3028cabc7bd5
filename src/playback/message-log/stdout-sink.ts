// Runs per message, some hundred thousand times a second where many are overdue: lines that are due together go out together, since
// a write by itself costs more than making its line. Guarded by perf/message-replay.bench.ts.
import { once } from "node:events";
import type { MessageSink } from "./message-sink.ts";
import { payloadJson } from "./payload.ts";
import type { OutgoingItem } from "./queued-item.ts";

/** Characters that wait for one write at most. Those of a few hundred messages: a fraction of a millisecond's work. */
const TOGETHER_MAX = 32 * 1024;

/** One JSON line per message on standard output, or on another stream; waits while nobody reads. */
export const stdout = (stream: NodeJS.WritableStream = process.stdout): MessageSink =>
  new LineSink(stream);

class LineSink implements MessageSink {
  readonly #stream: NodeJS.WritableStream;
  #lines = "";
  #drained: Promise<void> | undefined;
  /** What the stream failed with while nobody waited for it: thrown by the next call. */
  #failure: unknown;
  #isTurnEnding = false;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  async open(): Promise<void> {}

  send(item: OutgoingItem): Promise<void> | undefined {
    this.#complain();
    this.#lines += jsonLine(item);
    if (this.#lines.length >= TOGETHER_MAX) this.#write();
    else this.#writeSoon();
    return this.#drained;
  }

  async close(): Promise<void> {
    this.#write();
    await this.#drained;
    this.#complain();
  }

  /** As soon as whoever sends waits for something: for the next due time, or for a turn of the event loop. */
  #writeSoon(): void {
    if (this.#isTurnEnding) return;
    this.#isTurnEnding = true;
    queueMicrotask(() => {
      this.#isTurnEnding = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#lines === "") return;
    const lines = this.#lines;
    this.#lines = "";
    // A stream that has broken takes no more and would never say that it has room.
    if (!this.#stream.writable) this.#failure ??= new Error("nobody reads the output any more");
    else if (!this.#stream.write(lines)) this.#drained ??= this.#untilDrained();
  }

  async #untilDrained(): Promise<void> {
    try {
      await once(this.#stream, "drain");
    } catch (error) {
      this.#failure = error;
    }
    this.#drained = undefined;
  }

  #complain(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }
}

/** `elapsed_time`, `type` (absent in raw logs), `topic`, `payload`, in this order. */
function jsonLine({ elapsed_time, type, topic, payload }: OutgoingItem): string {
  const typeField = type === undefined ? "" : `"type":${JSON.stringify(type)},`;
  return `{"elapsed_time":${elapsed_time},${typeField}"topic":${JSON.stringify(topic)},"payload":${payloadJson(payload)}}\n`;
}
