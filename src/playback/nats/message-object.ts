import type { Msg } from "@nats-io/nats-core";

/**
 * The JSON object or list in a message; undefined for anything else. Anybody may publish on our subjects, and what throws in a
 * callback of the library ends its reading for good.
 */
export function objectIn({ data }: Pick<Msg, "data">): object | undefined {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
