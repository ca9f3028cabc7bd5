import { Kind, Op } from "../core/operation.ts";
import type { FilterReason } from "./account.ts";
import type { IncludeToken } from "./trace-options.ts";

/** Codes beside those of `Op` that a traced method can have before the filters. */
export const FOLDED_METHOD = 3;
const OTHER_METHOD = 4;
const METHODS = 5;

const words = ["GET", "PUT", "HEAD", "POST", "PATCH"].map((word) => Buffer.from(word));
const wordCodes = [Op.GET, Op.PUT, Op.HEAD, FOLDED_METHOD, FOLDED_METHOD];

/** Code of the method `buffer[from..to)`, upper or lower case. */
export function methodCode(buffer: Uint8Array, from: number, to: number): number {
  for (let code = 0; code < words.length; code++) {
    const word = words[code] as Buffer;
    if (word.length !== to - from) continue;
    let i = 0;
    while (i < word.length && ((buffer[from + i] as number) & 0xdf) === word[i]) i++;
    if (i === word.length) return wordCodes[code] as number;
  }
  return OTHER_METHOD;
}

/** Whether a record must say how large its object is: GET and PUT of blobs and manifests, upload PUTs included. */
export function needsSize(method: number, kind: number): boolean {
  if (method === Op.GET) return kind === Kind.blob || kind === Kind.manifest;
  return method === Op.PUT && kind !== Kind.ping && kind !== Kind.other;
}

/**
 * Which records `trace.include` keeps. `ping` stands for GET and HEAD of the bare `v2`; a PUT to an upload url is a
 * `blob:PUT`. GET and PUT need a size above 0. Source: trace-replay.md 3.3.
 */
export class IncludeFilter {
  readonly #methods = new Uint8Array(METHODS);
  /** By method * 8 + kind. */
  readonly #pairs = new Uint8Array(METHODS * 8);

  constructor(tokens: readonly IncludeToken[]) {
    for (const token of tokens) {
      if (token === "ping") {
        this.#allow(Op.GET, Kind.ping);
        this.#allow(Op.HEAD, Kind.ping);
        continue;
      }
      const [kind, method] = token.split(":") as ["blob" | "manifest", "GET" | "PUT" | "HEAD"];
      this.#allow(Op[method], Kind[kind]);
      if (token === "blob:PUT") this.#allow(Op.PUT, Kind.upload);
    }
  }

  #allow(method: number, kind: number): void {
    this.#methods[method] = 1;
    this.#pairs[method * 8 + kind] = 1;
  }

  /** Why a record is left out; null if it is kept. */
  reason(method: number, kind: number, size: number): FilterReason | null {
    if (this.#methods[method] !== 1) return "method";
    if (this.#pairs[method * 8 + kind] !== 1) return "kind";
    return needsSize(method, kind) && size <= 0 ? "size_not_positive" : null;
  }
}
