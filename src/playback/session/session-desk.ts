import type { ControlName } from "./control-values.ts";
import type { OneShots } from "./one-shot.ts";
import type { ControlValue } from "./playhead.ts";
import type { Session } from "./session.ts";
import type { SessionArguments } from "./session-arguments.ts";
import type { SessionFigures } from "./session-statistics.ts";

export type SessionBirth = {
  readonly id: string;
  readonly client: string;
  readonly args: SessionArguments;
  /** Whether the limits of this host count. */
  readonly isLimited: boolean;
  readonly isReplica: boolean;
};

export type SessionSummary = {
  readonly id: string;
  readonly client: string;
  readonly controls: ReturnType<Session["controls"]>;
  readonly streams: number;
  readonly age_seconds: number;
};

export type SessionDescription = SessionSummary & {
  readonly filter: readonly string[];
  readonly stats: SessionFigures;
};

/** Who is told of sessions that come and go. */
export type SessionWatcher = {
  /** `isOwner`: requests about it are of this process, and not of another shard. */
  onCreated(session: Session, isOwner: boolean): void;
  onEnded(session: Session): void;
};

export type SessionFacts = SessionFigures & { readonly lateness_hdr: string };

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
  statistics(id: string): SessionFacts;
  end(id: string): void | Promise<void>;
  watchSessions(watcher: SessionWatcher): () => void;
}
