import { Worker } from "node:worker_threads";
import type { PackedItem } from "./item-record.ts";
import type { MessageSink } from "./message-sink.ts";
import { type ModuleAddress, type ModuleSpec, moduleAddress } from "./module-export.ts";
import type { OutgoingItem } from "./queued-item.ts";

/** What a thread with a module of the user's is started with. */
export type ModuleThreadTask = { readonly address: ModuleAddress };
/** Each order is answered once, in order. */
export type ModuleOrder =
  | { readonly kind: "open" }
  | { readonly kind: "item"; readonly item: PackedItem }
  | { readonly kind: "close" };
/** `error`: what the module threw. */
export type ModuleAnswer = { readonly error?: Error };

/** A module that does not come to an end is cut off after so long. */
const CLOSE_MS_MAX = 5000;

const threadUrl = new URL(
  `./module-thread-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

type Waiting = { resolve(): void; reject(error: Error): void };

/**
 * A function or object of a module, in a thread of its own. One message at a time: the next waits until it has returned, so what
 * the module takes shows as lateness.
 */
export class ModuleThread implements MessageSink {
  readonly #address: ModuleAddress;
  #worker: Worker | undefined;
  readonly #waiting: Waiting[] = [];

  constructor(spec: ModuleSpec) {
    this.#address = moduleAddress(spec);
  }

  async open(): Promise<void> {
    if (this.#worker !== undefined) return;
    const workerData: ModuleThreadTask = { address: this.#address };
    const worker = new Worker(threadUrl, { workerData });
    this.#worker = worker;
    worker.on("message", ({ error }: ModuleAnswer) => {
      const waiting = this.#waiting.shift();
      if (error === undefined) waiting?.resolve();
      else waiting?.reject(error);
    });
    worker.on("error", (error) => this.#lose(worker, error as Error));
    worker.on("exit", () => this.#lose(worker, new Error("the module's thread has ended")));
    await this.#order({ kind: "open" });
  }

  send(item: OutgoingItem): Promise<void> {
    return this.#order({ kind: "item", item: item.packed() });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const timer = setTimeout(() => void worker.terminate(), CLOSE_MS_MAX);
    try {
      await this.#order({ kind: "close" });
    } finally {
      clearTimeout(timer);
      this.#worker = undefined;
      await worker.terminate();
    }
  }

  #order(order: ModuleOrder): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error("the module's thread has ended"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.postMessage(order);
    });
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
