// One session on its subjects: requests come in, what is played goes out. It is played there from the moment on that somebody
// asked for the session over NATS: who only uses HTTP costs no messages.
import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";
import { micros } from "../../core/units.ts";
import type { Attachment, StreamSink } from "../session/attachment.ts";
import { parseDateTime } from "../session/date-time.ts";
import type { Refusal } from "../session/refusal.ts";
import type { Session } from "../session/session.ts";
import type { StreamItem } from "../session/stream-item.ts";
import type { Outlet } from "./outlet.ts";
import type { OneSessionSubjects } from "./session-subjects.ts";
import { SubjectSink, type SubjectSinkOptions, TOLD } from "./subject-sink.ts";

export type SessionTapOptions = {
  readonly session: Session;
  readonly subjects: OneSessionSubjects;
  readonly connection: NatsConnection;
  readonly outlet: Outlet;
  readonly bufferBytes: number;
  /** Which shard this is, where there are several. */
  readonly shard: number | undefined;
  /** Whether requests and controls are of this process. */
  readonly isOwner: boolean;
  /** `over`: the tap is closed, and this is why. */
  readonly onRequest: (
    message: Msg,
    asked: { readonly tokens: readonly string[]; readonly over: Refusal | undefined },
  ) => void;
};

export class SessionTap {
  readonly #options: SessionTapOptions;
  readonly #subscriptions: Subscription[] = [];
  #attachment: Attachment | undefined;
  #sink: SubjectSink | undefined;
  #plays = 0;
  #syncs = 0;
  #lostFrom: number | undefined;
  #over: Refusal | undefined;

  constructor(options: SessionTapOptions) {
    this.#options = options;
    if (!options.isOwner) return;
    const { prefix } = options.subjects;
    for (const filter of [`${prefix}.*`, `${prefix}.control.*.*`])
      this.#subscriptions.push(this.#subscribe(filter));
  }

  /** What another shard tells that a control has become comes here too, where both take the session for theirs: it is no write. */
  #subscribe(filter: string): Subscription {
    const { connection, subjects, onRequest } = this.#options;
    return connection.subscribe(filter, {
      callback: (error, message) => {
        if (error !== null || message.headers?.has(TOLD) === true) return;
        const tokens = message.subject.slice(subjects.prefix.length + 1).split(".");
        onRequest(message, { tokens, over: this.#over });
      },
    });
  }

  /** Begins to play on the subjects of the session, unless it does already. */
  play(): void {
    if (this.#attachment !== undefined) return;
    const { session } = this.#options;
    this.#plays++;
    const name = `${this.#name}p${this.#plays}`;
    const sink = this.#newSink({ name, onRoom: () => this.#attachment?.onRoom() });
    this.#sink = sink;
    this.#attachment = session.attach(sink);
  }

  /**
   * Sends the image of now to an inbox; what is played meanwhile stays where it is played. `images` is how many there will be
   * from all shards; undefined = another one tells that.
   */
  sync(inbox: string, images: number | undefined): void {
    const { session, outlet, subjects } = this.#options;
    this.play();
    this.#syncs++;
    const name = `${this.#name}s${this.#syncs}`;
    // What went out before this notice is in the image, what comes behind it is not.
    const notice = { type: "sync", to: inbox, images, controls: session.controls() };
    if (images !== undefined)
      outlet.publish({ subject: subjects.notice, body: Buffer.from(JSON.stringify(notice)) });
    let attached: Attachment | undefined;
    const sink = this.#newSink({ name, inbox, onRoom: () => attached?.onRoom() });
    const leave = (): void => {
      if (attached !== undefined) session.detach(attached);
    };
    attached = session.attach(oneImage(sink, leave));
  }

  /** The connection is lost: what is played goes nowhere, and so may what was played last. */
  onDown(): void {
    const first = this.#sink?.lostFrom;
    this.#lostFrom ??= first === undefined ? this.#position() : first - 1;
  }

  /** It is there again: listeners are told what they missed, and shown where the session is. Gives how many events that were. */
  onBack(): number {
    const { session } = this.#options;
    const [from, lost] = [this.#lostFrom, this.#sink?.lost ?? 0];
    this.#lostFrom = undefined;
    if (this.#attachment === undefined) return 0;
    session.detach(this.#attachment);
    this.play();
    const to = this.#position();
    if (from === undefined || to === undefined || lost === 0) return lost;
    const gap = { kind: "gap", from: micros(from), to: micros(to), dropped: lost } as const;
    this.#sink?.send({ type: "gap", gap: { ...gap, why: "disconnect" } });
    return lost;
  }

  /**
   * Requests that the server passed on before it knew of this are still handed out: dropped, they would leave who asked
   * without any answer, since the server saw a listener.
   */
  close(over: Refusal): void {
    this.#over = over;
    for (const subscription of this.#subscriptions)
      if (this.#options.outlet.isDown) subscription.unsubscribe();
      else void subscription.drain().catch(() => undefined);
    if (this.#attachment !== undefined) this.#options.session.detach(this.#attachment);
  }

  /** Batches are named by session and shard, and by how often it was begun: who puts several together must not take them for one. */
  get #name(): string {
    const { session, shard } = this.#options;
    return `${session.id.slice(0, 12)}${shard === undefined ? "" : `.${shard}`}`;
  }

  #position(): number | undefined {
    const shown = this.#options.session.read("pos");
    return typeof shown === "string" ? parseDateTime(shown) : undefined;
  }

  #newSink(own: Pick<SubjectSinkOptions, "name" | "inbox" | "onRoom">): SubjectSink {
    const { outlet, subjects, bufferBytes, isOwner } = this.#options;
    const onClose = (): void => {
      if (own.inbox === undefined) this.#attachment = undefined;
    };
    return new SubjectSink({
      outlet,
      subjects,
      bufferBytes,
      tellsControls: isOwner,
      onClose,
      ...own,
    });
  }
}

/** Passes on one image, and then has done what it is for. */
function oneImage(sink: SubjectSink, onDone: () => void): StreamSink {
  let isDone = false;
  const isLast = (item: StreamItem): boolean =>
    item.type === "image" && (item.part === undefined || item.part.index + 1 === item.part.count);
  return {
    isBroadcast: true,
    send: (item) => {
      if (isDone) return;
      sink.send(item);
      isDone = isLast(item) || item.type === "error";
      // Not from within the walk over the image.
      if (isDone) queueMicrotask(onDone);
    },
    queued: () => sink.queued(),
    close: (last) => {
      if (!isDone) sink.close(last);
      isDone = true;
    },
  };
}
