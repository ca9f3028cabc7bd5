import type { BodySource } from "../wire/exchange.ts";

/** A body that is there as a whole. */
export class BufferSource implements BodySource {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  read(chunk: Buffer): number {
    const count = this.#body.copy(chunk, 0, this.#at);
    this.#at += count;
    return count;
  }
}
