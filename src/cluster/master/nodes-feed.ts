import type { FeedSummary } from "../../workers/messages.ts";
import { nothingFed } from "../../workers/nothing-fed.ts";
import type { OperationSource } from "../../workers/operation-source.ts";
import type { NodeHandle } from "./node-handle.ts";

/** Stands for the feeder where every node has its own: `split: local`. What they say of the source is the same for all. */
export class NodesFeed implements OperationSource {
  readonly primed: Promise<void> = Promise.resolve();
  readonly finished: Promise<FeedSummary>;
  readonly failed: Promise<never> = new Promise(() => {});
  readonly #finished = Promise.withResolvers<FeedSummary>();

  constructor() {
    this.finished = this.#finished.promise;
  }

  /** All nodes have ended. */
  end(nodes: readonly NodeHandle[]): void {
    const feeds = nodes.flatMap(({ done }) => (done?.feed ? [done.feed] : []));
    const [first = nothingFed()] = feeds;
    const emitted = feeds.reduce((sum, feed) => sum + feed.emitted, 0);
    const complete = feeds.length === nodes.length && feeds.every((feed) => feed.complete);
    this.#finished.resolve({ ...first, emitted, complete });
  }

  async terminate(): Promise<void> {}
}
