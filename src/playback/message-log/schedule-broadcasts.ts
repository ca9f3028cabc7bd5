import type { WakeSource } from "../clock/wake-clock.ts";
import { Broadcast, checkSpeed } from "./broadcast.ts";
import type { BroadcastFigures } from "./broadcast-statistics.ts";
import { Events } from "./events.ts";
import { coreOf, type MessageQueue } from "./message-queue.ts";
import { type Outlet, outletOf } from "./outlet.ts";

type ScheduleEvents = { readonly error: readonly [error: Error]; readonly end: readonly [] };

/** `clock`: for tests; without it the pacing thread. */
export type ScheduleOptions = Outlet & { readonly clock?: WakeSource };

/**
 * Sends what is in a queue, every message when it is due. Ends when whoever fills the queue has finished and it is empty; a queue
 * that is filled by hand, when it was empty for 100 ms.
 */
export class ScheduleBroadcasts {
  /** As given. */
  readonly queue: MessageQueue;
  readonly #broadcast: Broadcast;
  readonly #events = new Events<ScheduleEvents>();

  /** Throws a TypeError for what is no queue, for a speed that is no finite number above 0, for a sink or hooks of another make. */
  constructor(queue: MessageQueue, speed = 1, { clock, ...outlet }: ScheduleOptions = {}) {
    const core = coreOf(queue);
    if (core === undefined) throw new TypeError("queue: must be a MessageQueue");
    checkSpeed(speed);
    this.queue = queue;
    const onError = (error: Error): void => this.#events.emit("error", error);
    this.#broadcast = new Broadcast({
      core,
      speed,
      clock,
      sink: outletOf(outlet, onError),
      onError,
      onEnd: () => this.#events.emit("end"),
    });
  }

  /** May be set at any time; acts within 5 ms. TypeError for what is no speed, which changes nothing. */
  get speed(): number {
    return this.#broadcast.speed;
  }

  set speed(speed: number) {
    checkSpeed(speed);
    this.#broadcast.speed = speed;
  }

  /** True while broadcasting. */
  isAlive(): boolean {
    return this.#broadcast.isAlive;
  }

  /** False if already broadcasting. After a stop it goes on where it was. */
  start(): boolean {
    return this.#broadcast.start();
  }

  /** False if not broadcasting. The message whose time had not come stays first in the queue. */
  stop(): boolean {
    return this.#broadcast.halt({ keepsSink: false });
  }

  stats(): BroadcastFigures {
    return this.#broadcast.statistics.figures();
  }

  /** `end`: ran out of data. `error`: the sink or a hook failed; the broadcast goes on. */
  on<Name extends keyof ScheduleEvents>(
    event: Name,
    listener: (...values: ScheduleEvents[Name]) => void,
  ): this {
    this.#events.on(event, listener);
    return this;
  }
}
