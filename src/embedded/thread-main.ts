// Entry of the thread that `startEmbeddedRegistryThread` starts: a registry that shares no event loop with a load
// generator. Reached by URL only.
import { parentPort, workerData } from "node:worker_threads";
import { invariant, UsageError } from "../core/errors.ts";
import { type EmbeddedRegistry, startEmbeddedRegistry } from "./embedded-registry.ts";
import type { EmbeddedRegistryOptions } from "./registry-options.ts";
import type { ThreadAnswer, ThreadQuestion, ThreadReady } from "./thread-messages.ts";

async function main(): Promise<void> {
  invariant(parentPort !== null, "this file is the entry of a thread");
  const port = parentPort;
  const say = (message: ThreadReady | ThreadAnswer): void => port.postMessage(message);
  const registry = await start(workerData as EmbeddedRegistryOptions);
  if (!("url" in registry)) {
    say(registry);
    return;
  }
  say({ kind: "ready", url: registry.url, host: registry.host, port: registry.port });
  port.on("message", async (question: ThreadQuestion) => {
    say(await answerTo(question, registry));
    if (question.kind === "close") port.close();
  });
}

async function start(
  options: EmbeddedRegistryOptions,
): Promise<EmbeddedRegistry | (ThreadReady & { kind: "refused" })> {
  try {
    return await startEmbeddedRegistry(options);
  } catch (error) {
    if (error instanceof UsageError) return { kind: "refused", lines: error.lines };
    throw error;
  }
}

async function answerTo(
  { kind, graceMs }: ThreadQuestion,
  registry: EmbeddedRegistry,
): Promise<ThreadAnswer> {
  switch (kind) {
    case "stats":
      return { kind, stats: await registry.stats() };
    case "reset":
      await registry.reset();
      return { kind };
    case "close":
      await registry.close(graceMs);
      return { kind };
    default:
      return kind satisfies never;
  }
}

await main();
