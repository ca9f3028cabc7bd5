import type { IncomingMessage } from "node:http";
import { Refusal } from "../session/refusal.ts";

/** Arguments and values are small; whatever is longer is none. */
const BODY_BYTES_MAX = 64 * 1024;

/** Throws a Refusal above 64 KiB, before the rest is read. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_BYTES_MAX) {
      throw new Refusal("too-large", `a body may have ${BODY_BYTES_MAX} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** A JSON value; nothing counts as null. Throws a Refusal. */
export function jsonBody(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("bad", "the body is no JSON");
  }
}

/** A JSON value or plain text: `5`, `"play"` and `play` are all understood. */
export function valueBody(text: string): unknown {
  const plain = text.replace(/\r?\n$/, "");
  try {
    const value: unknown = JSON.parse(text);
    // What is too large for a number is told as it was written.
    return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? plain : value;
  } catch {
    return plain;
  }
}
