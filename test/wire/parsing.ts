import { ResponseParser } from "../../src/wire/response-parser.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";

type Parsed = {
  readonly status: number;
  readonly length: number;
  readonly body: string;
  readonly kept: boolean;
  readonly state: string;
  readonly failure: string;
  readonly location: string | undefined;
};

type Way = { readonly cuts?: readonly number[]; readonly head?: boolean; readonly end?: boolean };

/** Feeds the pieces through one buffer that is overwritten each time, as the sockets' shared one is. */
export function parse(bytes: Buffer, { cuts = [], head = false, end = false }: Way): Parsed {
  const parser = new ResponseParser();
  const owner = new RecordingOwner(["location"]);
  const shared = Buffer.alloc(Math.max(1, bytes.length));
  parser.begin(!head);
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < edges.length; i++) {
    const piece = bytes.subarray(edges[i - 1], edges[i]);
    if (piece.length === 0) continue;
    shared.fill("#");
    piece.copy(shared);
    parser.feed(owner, shared, piece.length);
  }
  if (end) parser.endOfStream();
  return {
    status: owner.status,
    length: owner.contentLength,
    body: owner.body.toString("latin1"),
    kept: parser.keepAlive,
    state: parser.state,
    failure: parser.failure,
    location: owner.fields.location,
  };
}

export const lines = (...texts: string[]): string => `${texts.join("\r\n")}\r\n\r\n`;

export type ParserCase = {
  readonly name: string;
  readonly bytes: string;
  readonly way?: Way;
  readonly expect: Partial<Parsed>;
};
