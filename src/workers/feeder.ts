import { Worker } from "node:worker_threads";
import { DrayageError, UsageError } from "../core/errors.ts";
import type { FeederTask, FeedSummary, FromFeeder } from "./messages.ts";
import type { OperationSource } from "./operation-source.ts";
import { threadUrl } from "./thread-url.ts";

/** The main thread's end of the feeder: a thread of its own, since it blocks while rings are full. */
export class Feeder implements OperationSource {
  readonly primed: Promise<void>;
  readonly finished: Promise<FeedSummary>;
  /** Never resolves; rejects with what went wrong over there. */
  readonly failed: Promise<never>;
  readonly #worker: Worker;

  constructor(task: FeederTask, listener: (message: FromFeeder) => void) {
    this.#worker = new Worker(threadUrl("feeder/main"), { workerData: task });
    const primed = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<FeedSummary>();
    const failed = Promise.withResolvers<never>();
    this.primed = primed.promise;
    this.finished = finished.promise;
    this.failed = failed.promise;
    // Each of them is raced by the engine while it matters; afterwards nobody may be listening.
    this.failed.catch(() => {});
    this.#worker.on("error", (error) => failed.reject(error));
    let told = false;
    // A thread that ends without a word would leave the run waiting for ever.
    this.#worker.on("exit", (code) => {
      if (!told) failed.reject(new Error(`the feeder ended with code ${code} and no result`));
    });
    this.#worker.on("message", (message: FromFeeder) => {
      told ||= message.type === "failed" || message.type === "finished";
      if (message.type === "failed") {
        failed.reject(errorOf(message));
        return;
      }
      listener(message);
      if (message.type === "primed") primed.resolve();
      if (message.type === "finished") finished.resolve(message.summary);
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

function errorOf({ code, lines }: FromFeeder & { type: "failed" }): Error {
  if (code === "usage") return new UsageError(lines);
  if (code === "internal") return new Error(lines.join("\n"));
  return new DrayageError(code, lines.join("\n"));
}
