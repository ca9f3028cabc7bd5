import type { IncomingMessage } from "node:http";
import { REQUEST_BYTES_MAX, tooLong } from "../session/request-text.ts";

/** Throws a Refusal above 64 KiB, before the rest is read. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > REQUEST_BYTES_MAX) throw tooLong();
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
