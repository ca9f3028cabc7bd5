// Herds: N clients that pull the same image at the same instant, one herd after another. Source: pull-driver.md 8.
import type { Clock } from "../core/clock.ts";
import type { PullFleet } from "../workers/pull-engine.ts";
import type { FromPullThread, HerdClient } from "../workers/pull-messages.ts";
import { type Halt, within } from "./halt.ts";
import type { Image } from "./image-list.ts";
import { expressionOfImage, type Pruner } from "./pruner.ts";
import { type UpstreamCounts, upstreamDifference } from "./server-counters.ts";
import type { ServerWatch } from "./server-watch.ts";

export type HerdRequest = {
  readonly clients: number;
  /** Indices of the images of the plan, one herd each. */
  readonly images: readonly number[];
  readonly imageOf: (index: number) => Image;
  readonly reference: (index: number) => string;
  readonly namespace: string;
  readonly gapMs: number;
  /** Connected and authorized before the release. */
  readonly connected: boolean;
  /** Removes the image from the cache before each herd; absent = whatever is there. */
  readonly pruner: Pruner | undefined;
};

/** Times in ms since the release. */
export type HerdFigures = {
  readonly herd: number;
  readonly image: string;
  readonly clients: number;
  readonly failed: number;
  /** First to last request written. */
  readonly skewMs: number;
  readonly leaderMs: number | null;
  readonly lastMs: number | null;
  /** Of all but the leader. */
  readonly restP50Ms: number | null;
  readonly restP99Ms: number | null;
  /** GETs that reached the upstream; null where nobody tells. */
  readonly upstream: UpstreamCounts | null;
};

export type HerdParts = {
  readonly engine: PullFleet;
  readonly clock: Clock;
  readonly watch: ServerWatch;
  readonly log: (text: string) => void;
  readonly halt: Pick<Halt, "isHalted" | "promise" | "until">;
  /** How long a herd that is under way at the halt is waited for. */
  readonly drainMs: () => number;
  /** The cache does not know what a prune is: halts. */
  readonly noPruneEndpoint: (status: number) => void;
};

/** Between the order and the release: the order arrives well within it. */
const RELEASE_AHEAD_NS = 30e6;
const SKEW_MS_MAX = 5;
const SKEW_SHARE_MAX = 0.1;

export class HerdRun {
  readonly figures: HerdFigures[] = [];
  readonly #request: HerdRequest;
  readonly #parts: HerdParts;
  #waiting = 0;
  #told: (() => void) | undefined;
  #clients: HerdClient[] = [];

  constructor(request: HerdRequest, parts: HerdParts) {
    this.#request = request;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const ended = Promise.withResolvers<void>();
    void this.#parts.halt.promise.then(() => this.#drain(ended.promise));
    try {
      await this.#herdAfterHerd();
    } finally {
      ended.resolve();
    }
  }

  async #herdAfterHerd(): Promise<void> {
    const { clock, halt } = this.#parts;
    const { images, gapMs } = this.#request;
    for (const [herd, image] of images.entries()) {
      const goesOn = await halt.until(clock, clock.now() + (herd === 0 ? 0 : gapMs * 1e6));
      if (!goesOn) return;
      await this.#herd(herd, image);
    }
  }

  /** Waits for the herd under way; what takes longer is cut off. */
  async #drain(ended: Promise<void>): Promise<void> {
    const { drainMs, engine, log } = this.#parts;
    if (await within(ended, drainMs())) return;
    log("warning pulls in progress are cut off");
    engine.sendAll({ type: "abort" });
  }

  async #herd(herd: number, image: number): Promise<void> {
    const { engine, clock, watch } = this.#parts;
    const { threads, leadNs } = engine;
    const { clients, connected } = this.#request;
    await this.#all((thread) =>
      engine.send(thread, {
        type: "herd-prepare",
        image,
        clients: shareOf(clients, thread, threads),
        connected,
      }),
    );
    if (!(await this.#prune(image))) return;
    const before = await watch.upstream();
    this.#clients = [];
    const at = clock.now() + Math.max(RELEASE_AHEAD_NS, leadNs);
    await this.#all((thread) => engine.send(thread, { type: "herd-release", at }));
    const upstream = upstreamDifference(before, await watch.upstream());
    const figures = herdFigures(this.#clients, {
      herd: herd + 1,
      image: this.#request.reference(image),
      at,
      upstream: upstream ?? null,
    });
    this.figures.push(figures);
    this.#warnOfSkew(figures);
  }

  /** False where there is no such thing: the herd would find the image there. */
  async #prune(image: number): Promise<boolean> {
    const { pruner, namespace, imageOf } = this.#request;
    if (pruner === undefined) return true;
    const { repository, reference } = imageOf(image);
    const result = await pruner.prune(expressionOfImage({ namespace, repository, reference }));
    if (result.kind === "failed") this.#parts.log(`warning prune before herd: ${result.message}`);
    if (result.kind === "no-endpoint") this.#parts.noPruneEndpoint(result.status);
    return result.kind !== "no-endpoint";
  }

  #warnOfSkew({ herd, skewMs, leaderMs }: HerdFigures): void {
    if (skewMs <= SKEW_MS_MAX && skewMs <= (leaderMs ?? Number.POSITIVE_INFINITY) * SKEW_SHARE_MAX)
      return;
    this.#parts.log(`warning herd ${herd}: released within ${skewMs.toFixed(2)} ms of each other`);
  }

  /** Gives every thread its order, and waits until all have said that it is done. */
  async #all(order: (thread: number) => void): Promise<void> {
    const { threads } = this.#parts.engine;
    this.#waiting = threads;
    const done = new Promise<void>((resolve) => {
      this.#told = resolve;
    });
    for (let thread = 0; thread < threads; thread++) order(thread);
    await done;
  }

  heard(message: Extract<FromPullThread, { type: "herd-ready" | "herd-done" }>): void {
    if (message.type === "herd-done") this.#clients.push(...message.clients);
    if (--this.#waiting === 0) this.#told?.();
  }
}

const shareOf = (clients: number, thread: number, threads: number): number =>
  Math.floor(clients / threads) + (thread < clients % threads ? 1 : 0);

export function herdFigures(
  clients: readonly HerdClient[],
  {
    at,
    ...facts
  }: {
    readonly herd: number;
    readonly image: string;
    /** The release. */
    readonly at: number;
    readonly upstream: UpstreamCounts | null;
  },
): HerdFigures {
  const sent = clients.map(({ sentAt }) => sentAt).filter((time) => !Number.isNaN(time));
  const done = clients
    .filter(({ failed }) => failed === "")
    .map(({ doneAt }) => (doneAt - at) / 1e6)
    .sort((a, b) => a - b);
  const [leader, ...rest] = done;
  return {
    ...facts,
    clients: clients.length,
    failed: clients.filter(({ failed }) => failed !== "" && failed !== "aborted").length,
    skewMs: sent.length === 0 ? 0 : (Math.max(...sent) - Math.min(...sent)) / 1e6,
    leaderMs: leader ?? null,
    lastMs: done.at(-1) ?? null,
    restP50Ms: rankOf(rest, 0.5),
    restP99Ms: rankOf(rest, 0.99),
  };
}

const rankOf = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
