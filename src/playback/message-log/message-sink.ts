import type { OutgoingItem } from "./queued-item.ts";

/** Where messages go at their due times. */
export interface MessageSink {
  /** Called before the first message after a start; again after `close`. Rejects when nothing can be sent. */
  open(): Promise<void>;
  /**
   * Sends one message. A promise holds the next one back until it settles: that is how a sink that cannot follow makes the
   * replay late instead of filling memory. What it throws is told as `error`, and the replay goes on.
   */
  send(item: OutgoingItem): void | Promise<void>;
  /** Everything is sent, or nothing more is wanted: delivers what is under way. */
  close(): Promise<void>;
}

/** What a sink may reject with: messages that it took, and of which nobody knows whether they have arrived. */
export class LostMessages extends Error {
  readonly count: number;

  constructor(count: number) {
    const messages = count === 1 ? "1 message" : `${count} messages`;
    super(`${messages} may be lost: the connection broke before the server had confirmed them`);
    this.count = count;
  }
}

export const isMessageSink = (value: unknown): value is MessageSink =>
  typeof value === "object" &&
  value !== null &&
  ["open", "send", "close"].every(
    (member) => typeof (value as Record<string, unknown>)[member] === "function",
  );

/** Sends nowhere: for a schedule that only counts. */
export const nowhere: MessageSink = {
  async open() {},
  send() {},
  async close() {},
};
