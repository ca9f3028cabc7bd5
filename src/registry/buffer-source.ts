import type { BodySource } from "../wire/exchange.ts";

/** A body that is there as a whole: it is lent, piece by piece. */
export class BufferSource implements BodySource {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  read(chunk: Buffer): Buffer {
    const from = this.#at;
    this.#at = Math.min(from + chunk.length, this.#body.length);
    return this.#body.subarray(from, this.#at);
  }
}
