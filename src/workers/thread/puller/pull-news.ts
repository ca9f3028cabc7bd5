// What pullers have to tell, gathered and sent every 50 ms, so that a storm of failures is a few messages a second. Failures
// are counted here by puller and kind; of each puller no more than ten error lines a second are told one by one.
import type { Clock } from "../../../core/clock.ts";
import type { ErrorCount, FromPullThread, PullEvent } from "../../pull-messages.ts";

const SEND_EVERY_MS = 50;
const ERROR_LINES_PER_SECOND = 10;
const SECOND_NS = 1e9;
const MESSAGE_CHARACTERS_MAX = 300;

type Window = { from: number; lines: number; folded: number };

export class PullNews {
  readonly #clock: Clock;
  readonly #send: (message: FromPullThread) => void;
  readonly #errors = new Map<string, ErrorCount>();
  readonly #windows = new Map<number, Window>();
  #events: PullEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, send: (message: FromPullThread) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  tell(event: PullEvent): void {
    this.#events.push(event);
    this.#timer ??= setTimeout(() => this.flush(), SEND_EVERY_MS);
  }

  /** Counts a failure and tells it, unless its puller has told too many of them this second. */
  failed(event: Extract<PullEvent, { kind: string }>): void {
    const message = oneLine(event.message);
    this.#count(event.puller, event.kind, message);
    const window = this.#windowOf(event.puller, event.at);
    if (window.lines++ < ERROR_LINES_PER_SECOND) this.tell({ ...event, message });
    else {
      window.folded++;
      this.#timer ??= setTimeout(() => this.flush(), SEND_EVERY_MS);
    }
  }

  #windowOf(puller: number, at: number): Window {
    let window = this.#windows.get(puller);
    if (window === undefined || at - window.from >= SECOND_NS) {
      if (window !== undefined) this.#unfold(puller, window);
      window = { from: at, lines: 0, folded: 0 };
      this.#windows.set(puller, window);
    }
    return window;
  }

  #unfold(puller: number, window: Window): void {
    if (window.folded === 0) return;
    this.#events.push({ at: this.#clock.now(), puller, type: "folded", count: window.folded });
    window.folded = 0;
  }

  #count(puller: number, kind: string, sample: string): void {
    const key = `${puller} ${kind}`;
    const known = this.#errors.get(key);
    if (known !== undefined) known.count++;
    else this.#errors.set(key, { puller, kind, count: 1, firstAt: this.#clock.now(), sample });
  }

  get errors(): ErrorCount[] {
    return [...this.#errors.values()];
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [puller, window] of this.#windows)
      if (now - window.from >= SECOND_NS) this.#unfold(puller, window);
    if (this.#events.length > 0) this.#send({ type: "events", events: this.#events });
    this.#events = [];
    if ([...this.#windows.values()].some(({ folded }) => folded > 0))
      this.#timer = setTimeout(() => this.flush(), SEND_EVERY_MS);
  }

  close(): void {
    for (const [puller, window] of this.#windows) this.#unfold(puller, window);
    this.flush();
    clearTimeout(this.#timer);
  }
}

/** Servers say what they like: one line, no control characters, no end. */
const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, MESSAGE_CHARACTERS_MAX);
