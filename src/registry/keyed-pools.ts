import type { ConnectionPool } from "../wire/connection-pool.ts";

type KeyedPoolsOptions<Key> = {
  /** Pools of a key that has none. */
  readonly make: (key: Key) => readonly ConnectionPool[];
  /** Keys that keep connections while they rest; beyond it the one that rested longest loses them. */
  readonly keysMax: number;
};

/** Connections by whose they are, or by where they lead: each key has pools of its own. */
export class KeyedPools<Key> {
  /** In order of last use. */
  readonly #pools = new Map<Key, readonly ConnectionPool[]>();
  readonly #make: (key: Key) => readonly ConnectionPool[];
  readonly #keysMax: number;
  /** Connections that were opened in pools that are gone. */
  #openedBefore = 0;
  #forgotten = 0;

  constructor({ make, keysMax }: KeyedPoolsOptions<Key>) {
    this.#make = make;
    this.#keysMax = keysMax;
  }

  of(key: Key): readonly ConnectionPool[] {
    const known = this.#pools.get(key);
    if (known !== undefined) this.#pools.delete(key);
    else if (this.#pools.size >= this.#keysMax) this.#forgetOneAtRest();
    const pools = known ?? this.#make(key);
    this.#pools.set(key, pools);
    return pools;
  }

  /** As many keys as have requests under way are kept in any case. */
  #forgetOneAtRest(): void {
    for (const [key, pools] of this.#pools) {
      if (pools.some(({ open, idle }) => open !== idle)) continue;
      this.#pools.delete(key);
      this.#forgotten++;
      for (const pool of pools) {
        this.#openedBefore += pool.opened;
        pool.closeAll();
      }
      return;
    }
  }

  get opened(): number {
    let opened = this.#openedBefore;
    for (const pools of this.#pools.values()) for (const pool of pools) opened += pool.opened;
    return opened;
  }

  /** Keys whose connections were closed as the limit was reached. */
  get forgotten(): number {
    return this.#forgotten;
  }

  closeAll(): void {
    for (const pools of this.#pools.values()) for (const pool of pools) pool.closeAll();
  }
}
