import { bufferContent, type Content } from "./content.ts";

/** Bytes of a response: a cut of some content. */
export interface ReplyBody {
  readonly content: Content;
  readonly from: number;
  readonly to: number;
}

/**
 * An answer as data. Handlers make it, `deliver.ts` writes it: so faults can replace or damage any answer in one place.
 * `headers` are name, value, name, value, … as they go to the wire; Content-Length is among them where it is announced.
 */
export interface Reply {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: ReplyBody | undefined;
  /** Instead of `body`: bytes that are still coming from somewhere else. */
  readonly live?: LiveBody;
}

interface LiveBody {
  /** Read once, while the answer is written. A throw means that the rest will never come. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The same answer once everything is here, where it is kept; the chunks are not read then. */
  readonly whole: (() => Promise<Reply | undefined>) | undefined;
  /** Instead of reading: the client is gone before the first byte. */
  readonly discard: () => void;
}

/** On every answer of the API. */
export const apiVersion = ["Docker-Distribution-Api-Version", "registry/2.0"] as const;

export const wholeBody = (content: Content): ReplyBody => ({ content, from: 0, to: content.size });

/** An answer without a body. */
export function emptyReply(status: number, headers: readonly string[] = []): Reply {
  // 204 and 304 must not announce a length.
  const length = status === 204 || status === 304 ? [] : ["Content-Length", "0"];
  return { status, headers: [...apiVersion, ...length, ...headers], body: undefined };
}

export function textReply(
  status: number,
  text: string,
  type: string,
  headers: readonly string[] = [],
): Reply {
  const content = bufferContent(Buffer.from(text));
  return {
    status,
    headers: [
      ...apiVersion,
      "Content-Type",
      type,
      "Content-Length",
      String(content.size),
      ...headers,
    ],
    body: wholeBody(content),
  };
}

export function jsonReply(value: unknown, headers: readonly string[] = [], status = 200): Reply {
  return textReply(status, `${JSON.stringify(value)}\n`, "application/json", headers);
}
