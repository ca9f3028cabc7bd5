/** Which operations were given to any node, by their sequence numbers, a bit each. */
export class GivenOperations {
  #bits = new Uint8Array(64 * 1024);

  has(seq: number): boolean {
    return (((this.#bits[seq >>> 3] ?? 0) >> (seq & 7)) & 1) === 1;
  }

  add(seq: number): void {
    const byte = seq >>> 3;
    if (byte >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(byte + 1, this.#bits.length * 2));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[byte] = (this.#bits[byte] as number) | (1 << (seq & 7));
  }
}
