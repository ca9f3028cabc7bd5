import type { Millis } from "../core/units.ts";
import type { RegistryStats } from "./control-endpoint.ts";

// All that is said between a registry in its own thread and the thread that started it.

/** From the thread, once: it listens, or could not be started. `lines` are those of a user's mistake. */
export type ThreadReady =
  | { readonly kind: "ready"; readonly url: string; readonly host: string; readonly port: number }
  | { readonly kind: "refused"; readonly lines: readonly string[] };

/** To the thread. Answers come in the order of the questions. */
export type ThreadQuestion = {
  readonly kind: "stats" | "reset" | "close";
  /** For `close`. */
  readonly graceMs?: Millis | undefined;
};

export type ThreadAnswer =
  | { readonly kind: "stats"; readonly stats: RegistryStats }
  | { readonly kind: "reset" }
  | { readonly kind: "close" };
