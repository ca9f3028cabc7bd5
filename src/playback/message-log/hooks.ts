import { asError } from "./events.ts";
import type { LogItem } from "./log-item.ts";
import type { MessageSink } from "./message-sink.ts";
import { isModuleSpec, type ModuleSpec } from "./module-export.ts";
import { ModuleThread } from "./module-thread.ts";
import type { OutgoingItem } from "./queued-item.ts";
import { topicGlob } from "./topic-glob.ts";

/** Gets a message at its due time, on the thread that made the replay. */
type Hook = (item: LogItem) => unknown;

/**
 * Who gets the messages instead of the network: one function for all; a table of message types or topic globs, of which every
 * entry that matches is called in its order; or a function of a module, in a thread of its own.
 */
export type Hooks = Hook | { readonly [typeOrGlob: string]: Hook | ModuleSpec } | ModuleSpec;

type Entry = {
  matches(item: OutgoingItem): boolean;
  /** Of a function nothing is waited for: what it promises only tells errors. */
  call(item: OutgoingItem): void | Promise<void>;
  readonly thread?: ModuleThread;
};

/** Throws a TypeError for hooks of another make. `onError`: what a hook's promise ended with. */
export function hookSink(hooks: Hooks, onError: (error: Error) => void): MessageSink {
  const entries = entriesOf(hooks, onError);
  const threads = entries.flatMap(({ thread }) => thread ?? []);
  return {
    async open() {
      for (const thread of threads) await thread.open();
    },
    send: (item) => callAll(entries, item, onError),
    async close() {
      for (const thread of threads) await thread.close();
    },
  };
}

/** Those that match, in their order. A hook that throws does not keep the others from being called. */
function callAll(
  entries: readonly Entry[],
  item: OutgoingItem,
  onError: (error: Error) => void,
): void | Promise<void> {
  let pending: Promise<void>[] | undefined;
  for (const entry of entries) {
    if (!entry.matches(item)) continue;
    try {
      const called = entry.call(item);
      if (called === undefined) continue;
      pending ??= [];
      pending.push(called.catch((error) => onError(asError(error))));
    } catch (error) {
      onError(asError(error));
    }
  }
  if (pending !== undefined) return Promise.all(pending).then(() => {});
}

const always = (): boolean => true;

function entriesOf(hooks: unknown, onError: (error: Error) => void): readonly Entry[] {
  if (typeof hooks === "function" || isModuleSpec(hooks)) return [entryOf(hooks, always, onError)];
  if (typeof hooks !== "object" || hooks === null) throw notHooks();
  return Object.entries(hooks).map(([key, hook]) => {
    const matchesTopic = topicGlob(key);
    return entryOf(hook, ({ type, topic }) => type === key || matchesTopic(topic), onError);
  });
}

function entryOf(hook: unknown, matches: Entry["matches"], onError: (error: Error) => void): Entry {
  if (isModuleSpec(hook)) {
    const thread = new ModuleThread(hook);
    return { matches, thread, call: (item) => thread.send(item) };
  }
  if (typeof hook !== "function") throw notHooks();
  return {
    matches,
    call: (item) => {
      const result: unknown = hook(item.item());
      if (result instanceof Promise) result.catch((error) => onError(asError(error)));
    },
  };
}

const notHooks = (): TypeError =>
  new TypeError("hooks: must be a function, a table of functions, or { module, export }");
