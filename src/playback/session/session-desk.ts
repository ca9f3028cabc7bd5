import type { ControlName } from "./control-values.ts";
import type { OneShots } from "./one-shot.ts";
import type { ControlValue } from "./playhead.ts";
import type { Session } from "./session.ts";
import type {
  SessionDescription,
  SessionHost,
  SessionSummary,
  SessionWatcher,
} from "./session-host.ts";

/** What adapters ask for: of one host, or of several shards that do as one. All throw a Refusal. */
export interface SessionDesk {
  readonly size: number;
  readonly oneShots: Pick<OneShots, "answer">;
  create(given: unknown, client: string): Promise<Session>;
  find(id: string): Session;
  /** The same for a request that shows that somebody uses the session. */
  use(id: string): Session;
  /** Gives the value once the write has taken effect. */
  write(id: string, written: { name: ControlName; value: unknown }): Promise<ControlValue>;
  list(): SessionSummary[];
  describe(id: string): SessionDescription;
  statistics(id: string): ReturnType<SessionHost["statistics"]>;
  end(id: string): void | Promise<void>;
  watchSessions(watcher: SessionWatcher): () => void;
}
