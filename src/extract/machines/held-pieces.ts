/** The longest row, or head of a statement, that is read. */
export const UNIT_BYTES_MAX = 64 << 20;

/**
 * The beginning of something whose end has not come yet, and the pieces that came since. They are given out together each time
 * that there are twice as many bytes as before: looking for the end, and putting pieces together, costs a few times the
 * bytes of what is long, not its square. With more than `UNIT_BYTES_MAX` they are given out in any case.
 */
export class HeldPieces {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #enough = 0;

  /** All that is held, this piece included, where it is worth a look. */
  add(piece: Buffer): Buffer | undefined {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    return this.#bytes < this.#enough ? undefined : this.joined();
  }

  joined(): Buffer {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }

  /** Holds only this from now on: what a look has left. */
  keep(rest: Buffer): void {
    this.#bytes = rest.length;
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#enough = Math.min(2 * rest.length, UNIT_BYTES_MAX + 1);
  }
}
