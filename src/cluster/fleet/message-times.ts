// Instants in what pullers are told and tell: on the network they are ns since the start, elsewhere ns on a clock.
import type { FromPullThread, ToPullThread } from "../../workers/pull-messages.ts";

/** NaN, "never", stays what it is. */
export const atOf = (at: number, by: number): number => at + by;

/** The same message with its instants later by so much. */
export function shifted(message: FromPullThread, by: number): FromPullThread {
  switch (message.type) {
    case "events": {
      const events = message.events.map((event) => ({ ...event, at: atOf(event.at, by) }));
      return { ...message, events };
    }
    case "herd-done": {
      const clients = message.clients.map((client) => ({
        ...client,
        sentAt: atOf(client.sentAt, by),
        doneAt: atOf(client.doneAt, by),
      }));
      return { ...message, clients };
    }
    case "ready":
    case "ended":
    case "no-prune-endpoint":
    case "herd-ready":
      return message;
    default:
      return message satisfies never;
  }
}

/** An order with its instants on a clock whose start is at `startAt`, as ns since the start. */
export const withoutTimes = (order: ToPullThread, startAt: number): ToPullThread =>
  order.type === "herd-release" ? { ...order, at: order.at - startAt } : order;

export const withTimes = (order: ToPullThread, startAt: number): ToPullThread =>
  withoutTimes(order, -startAt);
