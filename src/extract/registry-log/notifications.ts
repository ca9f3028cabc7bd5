import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { messageOf, UsageError } from "../../core/errors.ts";
import { jsonObject } from "./distribution-log.ts";
import { countOf, textOf } from "./log-entry.ts";

/** Requests whose notifications are remembered at most. */
const NOTIFICATIONS_MAX = 5_000_000;

/**
 * Sizes of pushed objects by the id of their request, out of a registry's notifications: a file with an envelope
 * (`{"events": [...]}`) or an event on each line.
 */
export async function readNotifications(path: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  let unread = 0;
  try {
    const lines = createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      const found = jsonObject(line);
      if (found === undefined) {
        if (line.trim() !== "") unread++;
        continue;
      }
      const events = Array.isArray(found.events) ? found.events : [found];
      for (const event of events) note(event, sizes);
    }
  } catch (error) {
    throw new UsageError(`cannot read ${path} (--notifications): ${messageOf(error)}`);
  }
  if (unread > 0 && sizes.size === 0)
    throw new UsageError(
      `${path} (--notifications) has no event that stands on one line: type jq -c . ${path} > FILE, and name that`,
    );
  return sizes;
}

function note(event: unknown, sizes: Map<string, number>): void {
  const { request, target } = (event ?? {}) as {
    request?: { id?: unknown };
    target?: { size?: unknown };
  };
  const id = textOf(request?.id);
  const size = countOf(target?.size);
  if (id !== undefined && size !== undefined && sizes.size < NOTIFICATIONS_MAX) sizes.set(id, size);
}
