// A request worker thread whose operations are pulls: obeys the main thread's few messages until it is told to finish and
// every puller has ended. Hosted by Piscina, one task for the whole run. Imported by URL only.
import { threadClock } from "../../../core/clock.ts";
import { nanos } from "../../../core/units.ts";
import { TallyWriter } from "../../../stats/tally.ts";
import { PullBoard } from "../../pull-board.ts";
import type {
  FromPullThread,
  PullThreadEnd,
  PullThreadTask,
  ToPullThread,
} from "../../pull-messages.ts";
import { Herd } from "./herd.ts";
import { LayoutWriter } from "./layout-writer.ts";
import { PullContext } from "./pull-context.ts";
import { watchPullHealth } from "./pull-health.ts";
import { PullNews } from "./pull-news.ts";
import { PullRows } from "./pull-rows.ts";
import { Puller } from "./puller.ts";
import { PullerRecord } from "./puller-record.ts";

/** A closed loop is never late: nothing has a due time that it could miss. */
const NEVER_LATE = { onTime: nanos(Number.MAX_VALUE), tooLate: nanos(Number.MAX_VALUE) };

export async function servePullers(task: PullThreadTask): Promise<PullThreadEnd> {
  const clock = threadClock(task.origin);
  const tally = new TallyWriter(task.tally, NEVER_LATE);
  const board = new PullBoard(task.board);
  const send = (message: FromPullThread): void => task.port.postMessage(message);
  const news = new PullNews(clock, send);
  const { save } = task.plan.wire;
  const choice = task.plan.rows;
  const { thread } = task;
  const rows =
    task.rows === undefined || choice === undefined
      ? undefined
      : new PullRows(task.rows, { choice, board, thread, threads: task.plan.threads });
  const context = new PullContext({
    plan: task.plan,
    clock,
    tally,
    board,
    news,
    pulledBefore: new Uint8Array(task.pulledBefore),
    rows,
    layout: save === "" ? undefined : new LayoutWriter(save, thread),
  });
  await context.prepare();
  const health = watchPullHealth(tally, board);
  const stable = new Stable(context, task, send, health.restart);
  await stable.finished;
  health.close();
  news.close();
  rows?.close();
  await context.close();
  task.port.close();
  return stable.end();
}

/** The pullers of this thread, and the messages that move them. */
class Stable {
  readonly finished: Promise<void>;
  readonly #context: PullContext;
  readonly #send: (message: FromPullThread) => void;
  readonly #restartHealth: () => void;
  readonly #running = new Set<Puller>();
  readonly #current = new Map<number, Puller>();
  readonly #records = new Map<number, PullerRecord>();
  readonly #herd: Herd;
  readonly #finish: () => void;
  #finishing = false;

  constructor(
    context: PullContext,
    { port, thread }: PullThreadTask,
    send: (message: FromPullThread) => void,
    restartHealth: () => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
    this.#context = context;
    this.#send = send;
    this.#restartHealth = restartHealth;
    this.#herd = new Herd(context, thread);
    port.on("message", (message: ToPullThread) => this.#obey(message));
    send({ type: "ready" });
  }

  #obey(message: ToPullThread): void {
    switch (message.type) {
      case "start":
        this.#start(message);
        return;
      case "stop":
        this.#current.get(message.puller)?.stop();
        return;
      case "step":
        this.#restartHealth();
        return;
      case "herd-prepare":
        this.#herd.prepare(message, () => this.#send({ type: "herd-ready" }));
        return;
      case "herd-release":
        this.#herd.release(message.at, (clients) => this.#send({ type: "herd-done", clients }));
        return;
      case "abort":
        for (const puller of [...this.#running]) puller.abort();
        this.#herd.abort();
        return;
      case "finish":
        this.#finishing = true;
        this.#endWhenDone();
        return;
      default:
        message satisfies never;
    }
  }

  #start({ puller: index, passes, prune }: Extract<ToPullThread, { type: "start" }>): void {
    let record = this.#records.get(index);
    if (record === undefined) {
      record = new PullerRecord();
      this.#records.set(index, record);
    }
    const puller = new Puller(this.#context, {
      index,
      passes,
      prune,
      record,
      ended: (ended, exhausted) => this.#ended(ended, exhausted),
      noPruneEndpoint: (status) => this.#send({ type: "no-prune-endpoint", status }),
    });
    this.#running.add(puller);
    this.#current.set(index, puller);
    puller.start();
  }

  #ended(puller: Puller, exhausted: boolean): void {
    this.#running.delete(puller);
    if (this.#current.get(puller.index) === puller) this.#current.delete(puller.index);
    this.#send({ type: "ended", puller: puller.index, exhausted });
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (!this.#finishing || this.#running.size > 0) return;
    this.#herd.close();
    this.#finish();
  }

  end(): PullThreadEnd {
    const all = [...this.#records, [-1, this.#herd.record] as const];
    return {
      errors: this.#context.news.errors,
      images: all.flatMap(([puller, { images }]) =>
        images.map((counts) => ({ puller, ...counts })),
      ),
      saved: this.#context.layout?.saved ?? [],
      unsaved: this.#context.layout?.unsaved ?? null,
      connectionsOpened: this.#context.connectionsOpened,
    };
  }
}
