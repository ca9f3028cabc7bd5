import { ByteMap } from "./byte-map.ts";

/** Numbers trace clients from 0 in order of first appearance, by the bytes of their address. */
export class ClientIndex {
  readonly #numbers = new ByteMap();

  /** The number of the client `buffer[from..to)`; a new client gets the next one. A null client (-1, -1) is empty. */
  indexOf(buffer: Buffer, from: number, to: number): number {
    return from === -1 ? this.#numbers.add(buffer, 0, 0) : this.#numbers.add(buffer, from, to);
  }
}
