// Messages for one subject of a stream, one after the other: the next goes out when the servers have said that they keep the
// one before. So there are no holes, whoever dies in between, and what is sent again is known by its id.
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../core/errors.ts";
import type { Hub } from "./hub.ts";

/** How long is tried before the conversation is given up. Source: cluster.md 4. */
const PUBLISH_MS_MAX = 30_000;
/** An attempt without an answer is made again after this. */
const ANSWER_MS_MAX = 2000;
const AGAIN_MS = 100;

type Waiting = { readonly number: number; readonly bytes: Uint8Array };

export class StreamWriter {
  readonly #hub: Hub;
  readonly #subject: string;
  readonly #fail: (reason: string) => void;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #over = false;
  /** Of everything that waits. */
  bytes = 0;

  /** `fail` is called once, when nothing can be written any more. */
  constructor(hub: Hub, subject: string, fail: (reason: string) => void) {
    this.#hub = hub;
    this.#subject = subject;
    this.#fail = fail;
  }

  /** What the servers are not known to keep, in order. */
  get waiting(): readonly Uint8Array[] {
    return this.#waiting.map(({ bytes }) => bytes);
  }

  /** Takes the memory over. `number` counts from 1 without holes. */
  write(number: number, bytes: Uint8Array): void {
    if (this.#over) return;
    this.#waiting.push({ number, bytes });
    this.bytes += bytes.length;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const failure = await this.#publish(first);
      if (this.#over) return;
      if (failure !== undefined) {
        this.#over = true;
        this.#fail(failure);
        return;
      }
      this.#waiting.shift();
      this.bytes -= first.bytes.length;
    }
    this.#writing = undefined;
  }

  /** Why it could not be done, if so. */
  async #publish({ number, bytes }: Waiting): Promise<string | undefined> {
    const { streams } = this.#hub;
    const until = performance.now() + PUBLISH_MS_MAX;
    const msgID = `${this.#subject} ${number}`;
    for (let attempt = 1; ; attempt++) {
      try {
        const { duplicate } = await streams.publish(this.#subject, bytes, {
          msgID,
          timeout: ANSWER_MS_MAX,
        });
        // Nobody else may write here: somebody has, if the first attempt is not the first.
        if (duplicate && attempt === 1) return "another master has taken the run over";
        return undefined;
      } catch (error) {
        if (this.#over) return undefined;
        if (performance.now() >= until)
          return `the servers kept nothing for ${PUBLISH_MS_MAX / 1000} s: ${messageOf(error)}`;
      }
      await delay(AGAIN_MS);
    }
  }

  /** Until everything is kept, or nothing can be. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined && !this.#over) await this.#writing;
  }

  /** Nothing more is tried. */
  stop(): void {
    this.#over = true;
  }
}
