// What a user's module may export for the thread of sinks and hooks.
import { appendFileSync } from "node:fs";
import { isMainThread, threadId } from "node:worker_threads";
import type { LogItem } from "../../../src/playback/message-log/log-item.ts";

/** Writes each item into the file that its topic names. */
export function record(item: LogItem): void {
  appendFileSync(
    item.topic,
    `${JSON.stringify({ payload: item.payload, type: item.type, ownThread: !isMainThread && threadId > 0 })}\n`,
  );
}

export class FileSink {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  open(): void {
    appendFileSync(this.#file, "open\n");
  }

  async send({ payload }: LogItem): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (payload === 2) throw new Error("two is too much");
    appendFileSync(this.#file, `${payload}\n`);
  }

  close(): void {
    appendFileSync(this.#file, "close\n");
  }
}
