import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { LogIOError } from "./log-io-error.ts";
import type { ModuleAddress } from "./module-export.ts";
import type { QueueCore, QueueMemory } from "./queue-core.ts";
import type { ReaderPlan } from "./reader-plan.ts";

/** What the reader thread reads. */
export type ThreadPlan = ReaderPlan | { readonly kind: "module"; readonly address: ModuleAddress };

/** What the reader thread is started with. `skip`: that many have been read already. */
export type ReaderThreadTask = {
  readonly memory: QueueMemory;
  readonly plan: ThreadPlan;
  readonly skip: number;
  readonly beside: MessagePort;
};

/** Classes do not survive the way between threads: what is needed to make the error again. */
export type ThreadFailure = {
  readonly pass: number;
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly file?: string;
  readonly line?: number;
  readonly text?: string;
};

const threadUrl = new URL(
  `./reader-thread-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** A thread that fills a queue from logs or from a module. It ends when all was read, and by `close`. */
export class ReaderThread {
  readonly #core: QueueCore;
  readonly #plan: ThreadPlan;
  readonly #onFailure: (error: Error, pass: number) => void;
  #worker: Worker | undefined;

  constructor(core: QueueCore, plan: ThreadPlan, onFailure: (error: Error, pass: number) => void) {
    this.#core = core;
    this.#plan = plan;
    this.#onFailure = onFailure;
  }

  /** Sees to it that a thread is at work. */
  start(skip: number): void {
    if (!this.#core.board.claimLife()) return;
    const { port1, port2 } = new MessageChannel();
    const workerData: ReaderThreadTask = {
      memory: this.#core.memory,
      plan: this.#plan,
      skip,
      beside: port2,
    };
    this.#core.listenTo(port1);
    const worker = new Worker(threadUrl, { workerData, transferList: [port2] });
    this.#worker = worker;
    worker.on("message", (failure: ThreadFailure) => {
      this.#onFailure(errorFrom(failure), failure.pass);
    });
    worker.on("error", (error) => {
      this.#core.board.loseLife();
      this.#onFailure(error, this.#core.board.pass);
    });
    worker.unref();
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#core.board.loseLife();
  }
}

const errorClasses: Readonly<Record<string, new (message: string) => Error>> = {
  TypeError,
  RangeError,
};

function errorFrom({ name, message, code, file, line, text }: ThreadFailure): Error {
  if (code !== undefined && file !== undefined) {
    const place = {
      file,
      ...(line === undefined ? {} : { line }),
      ...(text === undefined ? {} : { text }),
    };
    return new LogIOError(code, message, place);
  }
  return new (errorClasses[name] ?? Error)(message);
}
