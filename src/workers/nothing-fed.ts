import { emptyAccount } from "../trace/account.ts";
import type { FeedSummary } from "./messages.ts";

/** The summary of a source that gave nothing. */
export const nothingFed = (): FeedSummary => ({
  account: emptyAccount(),
  emitted: 0,
  skipped: {},
  complete: false,
  traceSeconds: 0,
  objects: {},
});
