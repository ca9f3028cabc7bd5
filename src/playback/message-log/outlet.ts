import { type Hooks, hookSink } from "./hooks.ts";
import { isMessageSink, type MessageSink, nowhere } from "./message-sink.ts";
import { isModuleSpec, type ModuleSpec } from "./module-export.ts";
import { ModuleThread } from "./module-thread.ts";

/** Where messages go. With hooks nothing goes to the sink; with neither they are only counted. */
export type Outlet = {
  /** `nats(…)`, `stdout()`, an object of one's own, or a module, which then runs in a thread of its own. */
  readonly sink?: MessageSink | ModuleSpec;
  readonly hooks?: Hooks;
};

/** Throws a TypeError for a sink or hooks of another make. */
export function outletOf({ sink, hooks }: Outlet, onError: (error: Error) => void): MessageSink {
  if (hooks !== undefined) return hookSink(hooks, onError);
  if (sink === undefined) return nowhere;
  if (isModuleSpec(sink)) return new ModuleThread(sink);
  if (isMessageSink(sink)) return sink;
  throw new TypeError(
    "sink: must be nats(…), stdout(), { module, export } or have open, send, close",
  );
}
