// What a master and a node say to each other, above whatever carries it: messages in and out, the heartbeat, and who has been
// silent for too long. The same at both ends.
import { messageOf } from "../core/errors.ts";
import type { Lane, Link } from "./link.ts";
import { MessageDecoder, MessageEncoder } from "./protocol/codec.ts";
import type { Message } from "./protocol/message.ts";

export type Patience = {
  /** Between two signs of life. */
  readonly heartbeatMs: number;
  /** After this without any the other end is lost. */
  readonly lostAfterMs: number;
};

const patience: Patience = { heartbeatMs: 2000, lostAfterMs: 15_000 };

/** While a run is made ready: a busy machine says nothing for a while when it starts threads. */
export const whilePreparing = ({ heartbeatMs, lostAfterMs }: Patience): Patience => ({
  heartbeatMs,
  lostAfterMs: Math.max(lostAfterMs, patience.lostAfterMs),
});

/** A beat that comes so much later than the one before is that of a process that stood still. */
const STOPPED_BEATS = 2;

const lanes: Readonly<Record<Message["type"], Lane>> = {
  hello: "control",
  plan: "control",
  "pull-plan": "control",
  "pull-orders": "control",
  "pull-schedule": "control",
  "pull-halt": "control",
  "pull-told": "results",
  "pull-end": "results",
  ready: "control",
  refuse: "control",
  "clock-ask": "fleeting",
  "clock-answer": "fleeting",
  ops: "work",
  taken: "control",
  start: "control",
  snapshot: "results",
  results: "results",
  skipped: "results",
  control: "control",
  done: "results",
  failed: "control",
  heartbeat: "fleeting",
  end: "control",
};

export type ConversationEvents = {
  hear(message: Message): void;
  /** Nothing comes any more: silence, a broken rule, or the other end has gone. Called once. */
  lost(reason: string): void;
  /** Silence that is no reason to give up. Called again and again while it lasts. */
  forsaken?(): void;
};

export class Conversation {
  readonly peer: string;
  readonly isPrivate: boolean;
  /** What carries it: by it a transport says of which conversation it speaks. */
  readonly link: Link;
  readonly #encoder: MessageEncoder;
  readonly #decoder = new MessageDecoder();
  #patience: Patience = patience;
  #events: ConversationEvents | undefined;
  /** What came while nobody listened, and why nothing more comes. */
  #early: Message[] = [];
  #lostEarly: string | undefined;
  #heardAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #outlasts = false;
  #cutAt: number | undefined;
  /** Times without a connection. */
  cuts = 0;
  longestCutMs = 0;

  constructor(link: Link) {
    this.peer = link.peer;
    this.isPrivate = link.isPrivate;
    this.link = link;
    const { frameBytes } = link;
    this.#encoder = new MessageEncoder(frameBytes === undefined ? {} : { frameBytes });
    link.listen({
      frame: (bytes) => this.#take(bytes),
      connected: (up) => this.#connected(up),
      closed: (reason) => this.#lose(reason),
    });
    this.#beat();
  }

  /** What came before is handed over at once. Replaces whoever listened. */
  listen(events: ConversationEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const message of early) events.hear(message);
    const lost = this.#lostEarly;
    this.#lostEarly = undefined;
    if (lost !== undefined) events.lost(lost);
  }

  /** Whoever listened has heard enough: what comes from now on is for the next one. */
  rest(): void {
    this.#events = undefined;
  }

  /** How often to give a sign of life, and how long to wait for one: from now on. Before a plan says so it is the same for all. */
  bePatient(patience: Patience): void {
    this.#patience = patience;
    this.#heardAt = performance.now();
    this.#beat();
  }

  /** From now on silence is no reason to give up, where another master can take over. */
  outlast(): void {
    this.#outlasts = this.link.forsake !== undefined;
  }

  get unacknowledgedBytes(): number {
    return this.link.unacknowledgedBytes;
  }

  /** Nothing but signs of life is heard while there is no room for it; the other end keeps the rest, up to a bound of its own. */
  hearWhile(hasRoom: () => boolean): void {
    this.link.deliverWhile?.(hasRoom);
  }

  /** Messages of unknown types that were ignored. */
  get unknown(): number {
    return this.#decoder.unknown;
  }

  /** What was said and is not known to have been heard. */
  unheard(): Message[] {
    const decoder = new MessageDecoder();
    return this.link.unacknowledged().flatMap((frame) => {
      const decoded = decoder.decode(frame);
      return decoded.kind === "message" ? [decoded.message] : [];
    });
  }

  say(message: Message): void {
    if (this.#over) return;
    for (const frame of this.#encoder.encode(message)) this.link.send(frame, lanes[message.type]);
  }

  #take(bytes: Uint8Array): void {
    this.#heardAt = performance.now();
    const decoded = this.#decoder.decode(bytes);
    switch (decoded.kind) {
      case "message":
        this.#hear(decoded.message);
        return;
      case "part":
      case "unknown":
        return;
      case "rejected":
        this.#lose(`it sent ${decoded.reason}`);
        this.link.close();
        return;
      default:
        decoded satisfies never;
    }
  }

  #hear(message: Message): void {
    if (message.type === "heartbeat" || this.#over) return;
    if (this.#events === undefined) this.#early.push(message);
    else this.#events.hear(message);
  }

  #connected(up: boolean): void {
    const now = performance.now();
    if (!up) {
      this.cuts++;
      this.#cutAt = now;
    } else if (this.#cutAt !== undefined) {
      this.longestCutMs = Math.max(this.longestCutMs, now - this.#cutAt);
      this.#cutAt = undefined;
      this.#heardAt = now;
    }
  }

  #beat(): void {
    clearInterval(this.#timer);
    if (this.#over) return;
    let before = performance.now();
    this.#timer = setInterval(() => {
      this.say({ type: "heartbeat", clockNs: performance.now() * 1e6 });
      const now = performance.now();
      this.#heardAt = Math.min(now, this.#heardAt + stoppedMs(now - before, this.#patience));
      before = now;
      const silence = now - this.#heardAt;
      if (silence < this.#patience.lostAfterMs) return;
      if (this.#outlasts) {
        this.link.forsake?.();
        this.#events?.forsaken?.();
        return;
      }
      this.#lose(`nothing was heard of it for ${Math.round(silence / 1000)} s`);
      this.link.close();
    }, this.#patience.heartbeatMs);
  }

  #lose(reason: string): void {
    if (this.#over) return;
    this.#end();
    if (this.#events === undefined) this.#lostEarly = reason;
    else this.#events.lost(reason);
  }

  #end(): void {
    this.#over = true;
    clearInterval(this.#timer);
  }

  /** Ends the conversation after what was said before. `lost` is not called. */
  close(): void {
    if (this.#over) return;
    this.#end();
    this.link.close();
  }
}

/** What a process did not hear because it was stopped itself is no silence: by how much a beat came later than any load makes it. */
function stoppedMs(betweenMs: number, { heartbeatMs }: Patience): number {
  return betweenMs > STOPPED_BEATS * heartbeatMs ? betweenMs - heartbeatMs : 0;
}

/** Why a handler gave up on what it heard, as the sentence of a `failed`. */
export const failureOf = (error: unknown): { code: string; sentence: string } => ({
  code:
    typeof error === "object" && error !== null && "code" in error
      ? String(error.code)
      : "internal",
  sentence: messageOf(error),
});
