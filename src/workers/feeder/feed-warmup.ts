import { openTrace } from "../../trace/open-trace.ts";
import type { WarmupFeedPlan } from "../feed-plan.ts";
import type { FeedSummary } from "../messages.ts";
import type { FeederTools } from "./main.ts";
import { opened, reading } from "./reading.ts";
import { WarmupSource } from "./warmup-source.ts";

/** Feeds a warm-up: every distinct object of the trace, once. */
export async function feedWarmup(plan: WarmupFeedPlan, tools: FeederTools): Promise<FeedSummary> {
  const finished = new Set(plan.finished.map(({ uri, registry = 0 }) => `${registry} ${uri}`));
  const stream = await openTrace({ ...plan.trace, ...reading(tools) });
  tools.tell(opened(stream));
  const source = new WarmupSource(plan, tools.feed, tools.orders);
  const collected = source.collect(stream);
  const traceSeconds = stream.delayUs / 1e6;
  stream.close();
  tools.tell({ type: "counted", objects: source.objects.count });
  const complete = collected && source.feed((uri, registry) => finished.has(`${registry} ${uri}`));
  return {
    account: stream.account,
    emitted: tools.feed.emitted,
    skipped: {},
    complete,
    traceSeconds,
    objects: {
      distinct: source.objects.count,
      size_conflict: source.objects.sizeConflicts,
      already_done: source.counts.already,
      bytes: source.counts.bytes,
      manifest_floor: source.counts.manifestFloor,
      below_4_bytes: source.counts.indistinct,
      unaddressable: source.counts.unaddressable,
      oversized: source.counts.oversized,
    },
  };
}
