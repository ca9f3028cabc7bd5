import { Worker } from "node:worker_threads";
import { DrayageError, invariant, UsageError } from "../core/errors.ts";
import type { EmbeddedRegistry } from "./embedded-registry.ts";
import type { EmbeddedRegistryOptions } from "./registry-options.ts";
import type { ThreadAnswer, ThreadQuestion, ThreadReady } from "./thread-messages.ts";

// The build rewrites "./x.ts" in imports but not inside `new URL`, so the suffix follows this file's own.
const threadUrl = new URL(
  `./thread-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/**
 * As `startEmbeddedRegistry`, in a thread of its own, so that a load generator in this process does not wait for it.
 * The thread ends with `close()`; one that dies by itself rejects whatever is being waited for.
 */
export async function startEmbeddedRegistryThread(
  options: EmbeddedRegistryOptions = {},
): Promise<EmbeddedRegistry> {
  const worker = new Worker(threadUrl, { workerData: options });
  const ready = await nextMessage<ThreadReady>(worker);
  if (ready.kind === "refused") throw new UsageError(ready.lines);
  const { url, host, port } = ready;
  let hasEnded = false;
  worker.once("exit", () => {
    hasEnded = true;
  });
  let previous: Promise<unknown> = Promise.resolve();
  const ask = (question: ThreadQuestion): Promise<ThreadAnswer> => {
    const answer = previous.then(() => {
      if (hasEnded) throw ended();
      worker.postMessage(question);
      return nextMessage<ThreadAnswer>(worker);
    });
    previous = answer.catch(() => undefined);
    return answer;
  };
  return {
    url,
    host,
    port,
    stats: async () => {
      const answer = await ask({ kind: "stats" });
      invariant(answer.kind === "stats", "answers come in the order of the questions");
      return answer.stats;
    },
    reset: async () => {
      await ask({ kind: "reset" });
    },
    close: async (graceMs) => {
      if (hasEnded) return;
      await ask({ kind: "close", graceMs });
      await worker.terminate();
    },
  };
}

function nextMessage<Message>(worker: Worker): Promise<Message> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
    };
    const onMessage = (message: Message): void => {
      settle();
      resolve(message);
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onExit = (): void => {
      settle();
      reject(ended());
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
  });
}

const ended = (): DrayageError =>
  new DrayageError("target-unreachable", "the embedded registry's thread has ended");
