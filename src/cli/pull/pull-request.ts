import type { PullGiven } from "./pull-options.ts";
import type { PullSettings } from "./pull-settings.ts";

export type PullRequest = {
  readonly given: PullGiven;
  readonly settings: PullSettings;
  /** Sentences for summary and page: what is special about cache and upstream. */
  readonly notes: readonly string[];
  /** Before the cold phase and the warm one, the schedule without either: what the original driver shows. */
  readonly plainFirst: boolean;
};
