import type { Bytes } from "../../core/units.ts";

/** A copy of a body on its way, up to a limit: a longer one is not kept at all. */
export class KeptBody {
  readonly #bytesMax: Bytes;
  #pieces: Buffer[] | undefined = [];
  #bytes = 0;

  constructor(bytesMax: Bytes) {
    this.#bytesMax = bytesMax;
  }

  take(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax) this.#pieces = undefined;
    else this.#pieces?.push(piece);
  }

  /** Undefined if it was too long. */
  whole(): Buffer | undefined {
    return this.#pieces === undefined ? undefined : Buffer.concat(this.#pieces, this.#bytes);
  }
}
