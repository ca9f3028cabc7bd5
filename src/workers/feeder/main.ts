// The feeder thread: reads the source, decides what each record becomes, fills the rings. It may block, and does whenever a
// ring is full. Imported by URL only.
import { parentPort, workerData } from "node:worker_threads";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { RingProducer } from "../../ring/record-ring.ts";
import type { FeedPlan } from "../feed-plan.ts";
import type { FeederTask, FeedSummary, FromFeeder } from "../messages.ts";
import { nothingFed } from "../nothing-fed.ts";
import { RunOrders } from "../run-orders.ts";
import { OperationFeed } from "./operation-feed.ts";

/** How often a feeder that waits for a disk looks whether it is to stop. */
const STOP_LOOK_MS = 50;

export type FeederTools = {
  readonly feed: OperationFeed;
  readonly orders: RunOrders;
  /** Aborted when the run is told to stop: ends the reading of a trace. Seen between two turns of the event loop only. */
  readonly stopping: AbortSignal;
  readonly tell: (message: FromFeeder) => void;
};

const tell = (message: FromFeeder): void => parentPort?.postMessage(message);

async function main({ rings, orders: memory, plan }: FeederTask): Promise<void> {
  const orders = new RunOrders(memory);
  const producers = rings.map((ring) => new RingProducer(ring));
  const feed = new OperationFeed(producers, orders, () => tell({ type: "primed" }));
  const stopping = new AbortController();
  const look = setInterval(() => {
    if (orders.stopped()) stopping.abort();
  }, STOP_LOOK_MS);
  try {
    const summary = await feedUntilStopped(plan, { feed, orders, stopping: stopping.signal, tell });
    feed.close();
    tell({ type: "finished", summary });
  } catch (error) {
    tell(failureOf(error));
  } finally {
    clearInterval(look);
  }
}

/** A reading that is interrupted makes a run of no operations, so that its files are written like those of any other. */
async function feedUntilStopped(plan: FeedPlan, tools: FeederTools): Promise<FeedSummary> {
  try {
    return await feedPlan(plan, tools);
  } catch (error) {
    if (error instanceof DrayageError && error.code === "interrupted") return nothingFed();
    throw error;
  }
}

/** Only the source that is asked for is loaded: a synthetic load starts without the trace reader. */
async function feedPlan(plan: FeedPlan, tools: FeederTools): Promise<FeedSummary> {
  switch (plan.kind) {
    case "run":
      return (await import("./feed-run.ts")).feedRun(plan, tools);
    case "warmup":
      return (await import("./feed-warmup.ts")).feedWarmup(plan, tools);
    case "load":
      return (await import("./feed-load.ts")).feedLoad(plan, tools);
    case "poured":
      throw new Error("what is poured has no feeder");
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
