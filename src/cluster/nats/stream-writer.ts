// Messages for one subject of a stream, a window of them under way. Runs once per message of up to 1 MiB; a promise and a timer
// each.
//
//   queue     [ kept | under way | to be sent again | under way |  waiting …            ]
//               ^ goes when it is the first          ^ WINDOW_MESSAGES from the first, WINDOW_BYTES of it under way
//
//   published   1   2   3   4   5               3 finds no leader of the stream, or its server dies
//   kept        1   2       4   5
//   again               3                       with its id, when the others are answered or given up: known if it was kept
//   published                       6   7       not before: nobody is ever further behind than a window
//
// So nothing is lost: what the servers have not said to keep is sent again for PUBLISH_MS_MAX, and then the conversation is
// over. Nothing is doubled: each message has an id that servers remember for longer than anybody tries, and a number that
// readers look at (stream-order.ts). Nothing is told out of order: readers wait for a missing number, which is at most a window
// back. Servers that expect a certain message before each would keep the order themselves, but know of one window per stream
// only, and there is a stream per run, not one per node.
//
// After a failure one message at a time goes out. With every answer there may be one more, up to half of what there were; from
// there on one more per window: a link that is slow is not filled faster than it empties, and signs of life are on it too.
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../core/errors.ts";
import { WINDOW_MESSAGES } from "./stream-order.ts";

/** 50 ms there and back at 80 MB/s. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** How long is tried, and between which attempts. Source: cluster.md 4. */
export type WriterPatience = {
  /** Before the conversation is given up. */
  readonly publishMs: number;
  /** An attempt without an answer is over after this. */
  readonly answerMs: number;
  /** After a failure. */
  readonly againMs: number;
};

const patience: WriterPatience = { publishMs: 30_000, answerMs: 2000, againMs: 100 };

export type WriterOptions = {
  /** Settled when the servers keep the message, or kept it before. */
  publish(
    bytes: Uint8Array,
    asked: { readonly msgID: string; readonly timeout: number },
  ): Promise<unknown>;
  /** Different for everybody who writes into the stream: with the number it is the id of a message. */
  readonly title: string;
  /** Called once, when nothing can be written any more. */
  fail(reason: string): void;
  readonly patience?: WriterPatience;
};

type Waiting = {
  readonly number: number;
  readonly bytes: Uint8Array;
  state: "waiting" | "under way" | "kept";
  /** When it was tried first, ms. */
  since: number | undefined;
};

export class StreamWriter {
  readonly #options: WriterOptions;
  readonly #patience: WriterPatience;
  #queue: Waiting[] = [];
  #underWay = 0;
  #underWayBytes = 0;
  /** Messages that may be under way, and where it began to grow slowly. */
  #room = 1;
  #ceiling = WINDOW_MESSAGES;
  #resting = false;
  #over = false;
  #settled = Promise.withResolvers<void>();
  /** Of everything that is not known to be kept. */
  bytes = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#patience = options.patience ?? patience;
    this.#settled.resolve();
  }

  /** What the servers are not known to keep, in order. */
  get waiting(): readonly Uint8Array[] {
    return this.#queue.flatMap(({ state, bytes }) => (state === "kept" ? [] : [bytes]));
  }

  /** Takes the memory over. `number` counts without holes. */
  write(number: number, bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.#queue.length === 0) this.#settled = Promise.withResolvers();
    this.#queue.push({ number, bytes, state: "waiting", since: undefined });
    this.bytes += bytes.length;
    this.#fill();
  }

  #fill(): void {
    if (this.#over || this.#resting) return;
    for (const message of this.#queue.slice(0, WINDOW_MESSAGES)) {
      if (message.state !== "waiting") continue;
      if (this.#underWay >= Math.floor(this.#room) || !this.#fits(message)) return;
      void this.#send(message);
    }
  }

  #fits({ bytes }: Waiting): boolean {
    return this.#underWay === 0 || this.#underWayBytes + bytes.length <= WINDOW_BYTES;
  }

  async #send(message: Waiting): Promise<void> {
    const { number, bytes } = message;
    message.state = "under way";
    message.since ??= performance.now();
    this.#underWay++;
    this.#underWayBytes += bytes.length;
    let failure: unknown;
    try {
      const { title } = this.#options;
      const asked = { msgID: `${title} ${number}`, timeout: this.#patience.answerMs };
      await this.#options.publish(bytes, asked);
      message.state = "kept";
    } catch (error) {
      message.state = "waiting";
      failure = error;
    }
    this.#underWay--;
    this.#underWayBytes -= bytes.length;
    if (this.#over) return;
    if (message.state === "kept") this.#kept(message);
    else await this.#again(message.since, failure);
    this.#fill();
  }

  #kept({ bytes }: Waiting): void {
    this.bytes -= bytes.length;
    const step = this.#room < this.#ceiling ? 1 : 1 / this.#room;
    this.#room = Math.min(WINDOW_MESSAGES, this.#room + step);
    while (this.#queue[0]?.state === "kept") this.#queue.shift();
    if (this.#queue.length === 0) this.#settled.resolve();
  }

  async #again(since: number, failure: unknown): Promise<void> {
    const { publishMs, againMs } = this.#patience;
    if (performance.now() - since >= publishMs) {
      this.#end(`the servers kept nothing for ${publishMs / 1000} s: ${messageOf(failure)}`);
      return;
    }
    // Of a window that fails, the first failure counts.
    if (this.#room > 1) this.#ceiling = Math.max(1, this.#room / 2);
    this.#room = 1;
    this.#resting = true;
    await delay(againMs);
    this.#resting = false;
  }

  #end(reason: string): void {
    this.stop();
    this.#options.fail(reason);
  }

  /** Until everything is kept, or nothing can be. */
  settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Nothing more is tried. */
  stop(): void {
    this.#over = true;
    this.#settled.resolve();
  }
}
