import type { Threshold } from "../../report/thresholds/threshold.ts";
import type { EnginePlan, MakeEngine } from "../../workers/engine.ts";
import type { FeedPlan } from "../../workers/feed-plan.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import type { CtlAddress } from "../ctl/ctl-address.ts";
import type { MetricsFlags } from "../metrics/publication.ts";
import { parseThreshold } from "../thresholds/threshold-text.ts";
import type { LoggedRequests } from "./request-log.ts";

/** One replay, warm-up or run, as it was asked for. */
export type ReplayRequest<F extends FeedPlan> = MetricsFlags & {
  /** Word in file names and summaries: run, warmup, demo. */
  readonly verb: string;
  readonly config: ReplayConfig;
  readonly plan: EnginePlan & { readonly feed: F };
  /** Makes the engine; the one of this process if absent. */
  readonly makeEngine?: MakeEngine | undefined;
  /** Of a warm-up on several machines: by it another master can carry it on. */
  readonly runId?: string | undefined;
  /** The command line, for run.json. */
  readonly arguments: readonly string[];
  /** Run directory; a new one below `runs` if absent. */
  readonly out?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** A word of `uiModes`. */
  readonly ui: string;
  /** Where it takes orders; nowhere if absent. */
  readonly ctl?: CtlAddress | undefined;
  readonly allowInvalid: boolean;
  readonly allowFailures: boolean;
  /** Of the command line, besides those of the configuration. */
  readonly thresholds?: readonly Threshold[] | undefined;
  /** What --log-requests asks for. */
  readonly logged?: LoggedRequests | undefined;
  /** Commands worth typing next, for the summary. */
  readonly next: readonly { readonly type: string; readonly does: string }[];
};

/** Those of the configuration, then those of the command line. The configuration was checked when it was read. */
export const thresholdsOf = ({
  config,
  thresholds = [],
}: Pick<ReplayRequest<FeedPlan>, "config" | "thresholds">): readonly Threshold[] => [
  ...config.thresholds.map((text) => parseThreshold(text, "thresholds")),
  ...thresholds,
];
