import type { Patience } from "../../cluster/conversation.ts";
import type { ReplayConfig } from "../config/replay-config.ts";

/** Signs of life in the time after which there are too few. */
export const BEATS = 5;

/** How long master and nodes wait for each other. Who has less patience gets signs of life more often. */
export const patienceOf = ({
  heartbeat,
  lostAfter,
}: Pick<ReplayConfig["cluster"], "heartbeat" | "lostAfter">): Patience => ({
  heartbeatMs: Math.min(heartbeat, lostAfter / BEATS) * 1000,
  lostAfterMs: lostAfter * 1000,
});
