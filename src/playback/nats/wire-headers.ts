// Headers as NATS sends them: `NATS/1.0`, lines `Name: value`, an empty line. Recorded ones go out byte for byte, ours behind
// them; the library only takes them apart and puts them together again, which loses blanks and order.
import { headers, type MsgHdrs } from "@nats-io/nats-core";

const OPENING = "NATS/1.0\r\n";
const CLOSING = "\r\n";
/** What a recorded stream says of its own playback is not true of this one. */
const ownLines = /^Replay-[^\r\n]*\r\n/gim;

/** Our lines, each `Name: value`, behind recorded headers if there are any. */
export function wireHeaders(lines: readonly string[], recorded?: Uint8Array): Buffer {
  const own = lines.map((line) => `${line}\r\n`).join("");
  if (recorded === undefined) return Buffer.from(`${OPENING}${own}${CLOSING}`);
  // Latin-1 keeps every byte what it is; our lines are ASCII, but for subjects, which are made bytes first.
  const text = Buffer.from(recorded).toString("latin1");
  const theirs = text
    .slice(text.indexOf("\r\n") + 2)
    .replace(/\r\n$/, "")
    .replace(ownLines, "");
  const bytes = Buffer.from(own).toString("latin1");
  return Buffer.from(`${OPENING}${theirs}${bytes}${CLOSING}`, "latin1");
}

/** The same as the library takes them. */
export const asHeaders = (wire: Buffer): MsgHdrs =>
  Object.assign(headers(), { encode: () => wire });

/** What a message was recorded with, if it was recorded as it came: all but our lines. undefined = nothing but those. */
export function recordedHeaders(all: MsgHdrs): Buffer | undefined {
  const lines = [...all].flatMap(([name, values]) =>
    name.startsWith("Replay-") ? [] : values.map((value) => `${name}: ${value}`),
  );
  return lines.length === 0 ? undefined : wireHeaders(lines);
}
