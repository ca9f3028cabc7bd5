import { failureKinds } from "../../src/core/failure.ts";
import type { ExchangeOwner, ResponseHead } from "../../src/wire/exchange.ts";

/** An owner that writes down what it is told. `done` is settled by `onEnd` or `onFailure`. */
export class RecordingOwner implements ExchangeOwner {
  readonly told: string[] = [];
  status = 0;
  contentLength = -1;
  fields: Record<string, string | undefined> = {};
  body = Buffer.alloc(0);
  bodyBytes = 0;
  failure = "";
  message = "";
  untouched = false;
  /** Runs inside the callbacks, for owners that act in them. */
  during: { readonly [Callback in keyof ExchangeOwner]?: () => void } = {};
  readonly done: Promise<this>;
  readonly #wanted: readonly string[];
  #settle: (owner: this) => void = () => undefined;

  constructor(wanted: readonly string[] = []) {
    this.#wanted = wanted;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  onHead(head: ResponseHead): void {
    this.told.push("head");
    this.status = head.status;
    this.contentLength = head.contentLength;
    for (const name of this.#wanted) this.fields[name] = head.value(name);
    this.during.onHead?.();
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    if (this.told.at(-1) !== "body") this.told.push("body");
    this.bodyBytes += to - from;
    if (this.bodyBytes < 1_000_000)
      this.body = Buffer.concat([this.body, buffer.subarray(from, to)]);
    this.during.onBody?.();
  }

  onEnd(): void {
    this.told.push("end");
    this.during.onEnd?.();
    this.#settle(this);
  }

  onFailure(code: number, message: string, untouched: boolean): void {
    this.told.push("failure");
    this.failure = failureKinds[code] ?? "unknown";
    this.message = message;
    this.untouched = untouched;
    this.during.onFailure?.();
    this.#settle(this);
  }
}
