// Who follows one session over NATS: listens to its subjects, asks for its image, and asks anew where something is missing.
import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";
import { isUnanswered, missing, refusalOf } from "./host-refusal.ts";
import { watchImage } from "./image-watch.ts";
import type { LineQueue } from "./line-queue.ts";
import type { StreamLines } from "./stream-lines.ts";

/** How long a host may take longer than a listener to be connected again, and how often it is asked meanwhile. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 200;

export type SessionListenerOptions = {
  readonly connection: NatsConnection;
  /** What the subjects of the session begin with. */
  readonly prefix: string;
  readonly lines: StreamLines;
  /** Gets what ends the stream. */
  readonly queue: Pick<LineQueue, "fail">;
  /** How long nothing may come of an image that was asked for. */
  readonly imageMs: number;
  readonly noImage: () => Error;
};

export class SessionListener {
  readonly #options: SessionListenerOptions;
  readonly #subscriptions: Subscription[];
  #isDown = false;
  /** Behind a lost connection, host and listeners come back in any order. */
  #isPatientUntil = 0;
  #stopWatching: () => void = () => {};

  /** Listens from now on: what is asked for later, or played, is not missed. */
  constructor(options: SessionListenerOptions) {
    this.#options = options;
    const { connection, prefix, lines, queue } = options;
    const onMessage = (error: Error | null, message: Msg): void => {
      if (error === null) lines.onMessage(message);
      else queue.fail(error);
    };
    const live = ["data.>", "control.*.current", "notice"].map((name) =>
      connection.subscribe(`${prefix}.${name}`, { callback: onMessage }),
    );
    const image = connection.subscribe(lines.inboxes, {
      callback: (error, message) => this.#onImage(error, message),
    });
    this.#subscriptions = [...live, image];
    void this.#watchConnection();
  }

  /** Asks for the image, behind which the stream begins. */
  begin(): void {
    const { lines, imageMs, queue, noImage } = this.#options;
    this.#sync();
    this.#stopWatching = watchImage({
      lines,
      silenceMs: imageMs,
      isDown: () => this.#isDown,
      askAnew: () => this.#askAnew(),
      giveUp: () => queue.fail(noImage()),
    });
  }

  leave(): void {
    this.#stopWatching();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  readonly #sync = (): void => {
    const { connection, prefix, lines } = this.#options;
    if (!connection.isClosed()) connection.publish(`${prefix}.sync`, "", { reply: lines.inbox });
  };

  #askAnew(): void {
    this.#options.lines.startAnew();
    this.#sync();
  }

  #onImage(error: Error | null, message: Msg): void {
    const { lines, queue } = this.#options;
    if (error !== null) queue.fail(error);
    else if (!isUnanswered(message)) {
      const refused = lines.onImage(message);
      if (refused !== undefined) queue.fail(refusalOf(refused.error, message));
    } else if (performance.now() < this.#isPatientUntil) setTimeout(this.#sync, RETRY_MS).unref();
    else queue.fail(missing());
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      if (type === "disconnect") this.#isDown = true;
      if (type !== "reconnect") continue;
      this.#isDown = false;
      this.#isPatientUntil = performance.now() + PATIENCE_MS;
      this.#askAnew();
    }
  }
}
