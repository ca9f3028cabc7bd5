// The feeder thread: reads the source, decides what each record becomes, fills the rings. It may block, and does whenever a
// ring is full. Imported by URL only.
import { parentPort, workerData } from "node:worker_threads";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { RingProducer } from "../../ring/record-ring.ts";
import type { FeedPlan } from "../feed-plan.ts";
import type { FeederTask, FeedSummary, FromFeeder } from "../messages.ts";
import { RunOrders } from "../run-orders.ts";
import { feedLoad } from "./feed-load.ts";
import { feedRun } from "./feed-run.ts";
import { feedWarmup } from "./feed-warmup.ts";
import { OperationFeed } from "./operation-feed.ts";

export type FeederTools = {
  readonly feed: OperationFeed;
  readonly orders: RunOrders;
  readonly tell: (message: FromFeeder) => void;
};

const tell = (message: FromFeeder): void => parentPort?.postMessage(message);

async function main({ rings, orders: memory, plan }: FeederTask): Promise<void> {
  const orders = new RunOrders(memory);
  const producers = rings.map((ring) => new RingProducer(ring));
  const feed = new OperationFeed(producers, orders, () => tell({ type: "primed" }));
  const tools: FeederTools = { feed, orders, tell };
  try {
    const summary = await feedPlan(plan, tools);
    feed.close();
    tell({ type: "finished", summary });
  } catch (error) {
    tell(failureOf(error));
  }
}

async function feedPlan(plan: FeedPlan, tools: FeederTools): Promise<FeedSummary> {
  switch (plan.kind) {
    case "run":
      return feedRun(plan, tools);
    case "warmup":
      return feedWarmup(plan, tools);
    case "load":
      return feedLoad(plan, tools);
    default:
      return plan satisfies never;
  }
}

function failureOf(error: unknown): FromFeeder {
  if (error instanceof UsageError)
    return { type: "failed", code: "usage", lines: [...error.lines] };
  if (error instanceof DrayageError)
    return { type: "failed", code: error.code, lines: [messageOf(error)] };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { type: "failed", code: "internal", lines: [text] };
}

await main(workerData as FeederTask);
