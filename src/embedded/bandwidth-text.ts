import { UsageError } from "../core/errors.ts";
import type { Bandwidth } from "./bandwidth-limit.ts";
import { parseSize } from "./quantity.ts";

/** `50MB/s` for all connections together, `50MB/s/conn` for each. */
export function parseBandwidth(text: string): Bandwidth {
  const match = /^(.+?)\/s(\/conn)?$/.exec(text.trim());
  const bytesPerSecond = match === null ? 0 : parseSize(match[1] ?? "", "--bandwidth");
  if (match === null || bytesPerSecond === 0) {
    throw new UsageError(`--bandwidth wants a rate such as 50MB/s or 1MiB/s/conn, not "${text}"`);
  }
  return { bytesPerSecond, perConnection: match[2] !== undefined };
}
