import type { PullEvent } from "../workers/pull-messages.ts";

/** The line of the log for what a puller tells, without its time. The first five texts are the original driver's. */
export function eventText(
  event: PullEvent,
  reference: (image: number) => string,
  pattern: (puller: number) => string,
): string {
  const who = `goroutine #${event.puller}`;
  switch (event.type) {
    case "starting":
    case "stopping":
      return `test ${who} ${event.type}`;
    case "probe-failed":
      return `${who} error making puller for ${reference(event.image)}, the error was: ${event.message}`;
    case "pull-failed":
      return `${who} error pulling ${reference(event.image)}, the error was: ${event.message}`;
    case "prune-failed":
      return `${who} error pruning pattern ${pattern(event.puller)}, the error was: ${event.message}`;
    case "backing-off":
      return `${who} backing off ${(event.ms / 1000).toFixed(1)} s`;
    case "resumed":
      return `${who} resumed`;
    case "folded":
      return `${who} … and ${event.count} more`;
    default:
      return event satisfies never;
  }
}
