import { type Content, chunkedContent } from "../content.ts";

/**
 * Bytes that are still coming, kept in the pieces that they come in, and readable from the beginning while they grow.
 *
 *   chunks   c0  c1  c2  ... cn-1  cn
 *            ^----- readable ----^ ^ the newest: held back until the digest of all is known to be right
 */
export class GrowingBody {
  readonly #chunks: Buffer[] = [];
  #state: "growing" | "complete" | "broken" = "growing";
  #changed = Promise.withResolvers<void>();

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#announce();
  }

  /** All bytes are there and are what they should be. */
  complete(): Content {
    this.#state = "complete";
    this.#announce();
    return chunkedContent(this.#chunks);
  }

  /** No more bytes will come, and those that came are worth nothing. */
  break(): void {
    this.#state = "broken";
    this.#announce();
  }

  /** The chunks as they come, by reference. Throws a BrokenBody when the rest will never come. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      const readable = this.#chunks.length - (this.#state === "complete" ? 0 : 1);
      while (at < readable) {
        yield this.#chunks[at] as Buffer;
        at++;
      }
      if (this.#state === "broken") throw new BrokenBody();
      if (this.#state === "complete" && at === this.#chunks.length) return;
      if (this.#state === "growing" && at >= this.#chunks.length - 1) await this.#changed.promise;
    }
  }

  #announce(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

/** The rest of a body will never come: the connection to the client is cut, so that it sees an aborted body. */
export class BrokenBody extends Error {}

/** Passes chunks on with the newest one held back, as `GrowingBody` does; `isGood` is asked before the last one goes. */
export async function* guarded(
  chunks: AsyncIterable<Buffer>,
  { isGood }: { readonly isGood: () => boolean },
): AsyncGenerator<Buffer> {
  let held: Buffer | undefined;
  for await (const chunk of chunks) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (!isGood()) throw new BrokenBody();
  if (held !== undefined) yield held;
}
