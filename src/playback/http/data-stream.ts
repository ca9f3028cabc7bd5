// A stream of items over HTTP: Server-Sent Events, or one JSON text a line. What the socket does not take waits here, so that
// it can be forgotten when the reader is too slow.
import type { ServerResponse } from "node:http";
import type { StreamSink } from "../session/attachment.ts";
import { itemText, type StreamItem } from "../session/stream-item.ts";

export type StreamForm = "sse" | "ndjson";

const contentTypes: Readonly<Record<StreamForm, string>> = {
  sse: "text/event-stream; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
};

const SSE_BEFORE = Buffer.from("data: ");
const SSE_AFTER = Buffer.from("\n\n");
const LINE_AFTER = Buffer.from("\n");
/** A reader that takes nothing for so long after the end of its stream is cut off. */
const FAREWELL_MS = 10_000;

export class DataStream implements StreamSink {
  readonly #response: ServerResponse;
  readonly #form: StreamForm;
  readonly #waiting: Buffer[] = [];
  #first = 0;
  #waitingBytes = 0;
  #isClosed = false;

  /** Sends the head. `onRoom` is called when the network has taken what was on its way. */
  constructor(response: ServerResponse, form: StreamForm, onRoom: () => void) {
    this.#response = response;
    this.#form = form;
    response.writeHead(200, {
      "content-type": contentTypes[form],
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
    response.on("drain", () => {
      this.#flush();
      if (!this.#isClosed) onRoom();
    });
  }

  send(item: StreamItem): void {
    if (this.#isClosed) return;
    this.#push(item);
    this.#flush();
  }

  queued(): number {
    return this.#waitingBytes;
  }

  close(last: StreamItem | undefined, how: "flush" | "drop"): void {
    if (this.#isClosed) return;
    if (how === "drop") this.#forget();
    if (last !== undefined) this.#push(last);
    this.#isClosed = true;
    this.#flush();
    setTimeout(() => this.#response.destroy(), FAREWELL_MS).unref();
  }

  #push(item: StreamItem): void {
    const text = itemText(item);
    const framed =
      this.#form === "sse"
        ? Buffer.concat([SSE_BEFORE, text, SSE_AFTER])
        : Buffer.concat([text, LINE_AFTER]);
    this.#waiting.push(framed);
    this.#waitingBytes += framed.length;
  }

  #forget(): void {
    this.#waiting.length = 0;
    this.#first = 0;
    this.#waitingBytes = 0;
  }

  #flush(): void {
    while (!this.#response.writableNeedDrain && this.#first < this.#waiting.length) {
      const next = this.#waiting[this.#first] as Buffer;
      this.#first++;
      this.#waitingBytes -= next.length;
      this.#response.write(next);
    }
    if (this.#first < this.#waiting.length) return;
    this.#forget();
    if (this.#isClosed) this.#response.end();
  }
}
