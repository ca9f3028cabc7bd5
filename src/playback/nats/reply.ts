import type { Msg } from "@nats-io/nats-core";
import { REQUEST_BYTES_MAX, tooLong } from "../session/request-text.ts";
import type { Outlet } from "./outlet.ts";
import { asHeaders, wireHeaders } from "./wire-headers.ts";

/** Parts of a large answer go out one by one: so much is on its way at a time. */
const SETTLE_EVERY_BYTES = 4 << 20;

/** What a request brought as text. Throws a Refusal above 64 KiB. */
export function requestText({ data }: Msg): string {
  if (data.length > REQUEST_BYTES_MAX) throw tooLong();
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
}

/** Who asks, limits are counted by it: the header `Drayage-Client`, else what the inboxes of the connection begin with. */
export function clientOf({ headers, reply = "" }: Msg): string {
  const named = headers?.get("Drayage-Client").trim() ?? "";
  if (named !== "") return named.slice(0, CLIENT_CHARACTERS_MAX);
  const prefix = reply.split(".").slice(0, -1).join(".");
  return prefix === "" ? "unknown" : prefix;
}

const CLIENT_CHARACTERS_MAX = 256;

export type Answer = {
  readonly text: Uint8Array;
  readonly lines?: readonly string[];
};

/** Answers whoever wants an answer; one that is too large for the server comes in parts, `Replay-Part: index/count`. */
export async function respond(
  { reply = "" }: Msg,
  { text, lines = [] }: Answer,
  outlet: Outlet,
): Promise<void> {
  if (reply === "") return;
  const headers = lines.length === 0 ? undefined : asHeaders(wireHeaders(lines));
  const own = lines.length === 0 ? 0 : wireHeaders(lines).length;
  if (text.length + own <= outlet.payloadBytesMax) {
    outlet.publish({ subject: reply, body: text, headers });
    return;
  }
  const widest = wireHeaders([...lines, "Replay-Part: 99999/99999"]).length;
  const room = outlet.payloadBytesMax - widest;
  const count = Math.ceil(text.length / room);
  let open = 0;
  for (let part = 0; part < count; part++) {
    const wire = wireHeaders([...lines, `Replay-Part: ${part}/${count}`]);
    const body = text.subarray(part * room, (part + 1) * room);
    open += outlet.publish({ subject: reply, body, headers: asHeaders(wire) });
    if (open < SETTLE_EVERY_BYTES) continue;
    open = 0;
    await outlet.settled();
  }
}
