import type { ConnectionPool } from "../wire/connection-pool.ts";

/** Trace clients of one thread that keep connections while they rest; beyond it the one that rested longest loses them. */
const SESSIONS_MAX = 1024;

/** Connections of sessions: each trace client has its own, one pool per registry entry. */
export class SessionPools {
  /** In order of last use. */
  readonly #pools = new Map<number, readonly ConnectionPool[]>();
  readonly #make: () => readonly ConnectionPool[];
  readonly #sessionsMax: number;
  /** Connections that sessions had opened whose pools are gone. */
  #openedBefore = 0;

  constructor(make: () => readonly ConnectionPool[], sessionsMax: number = SESSIONS_MAX) {
    this.#make = make;
    this.#sessionsMax = sessionsMax;
  }

  of(session: number): readonly ConnectionPool[] {
    const known = this.#pools.get(session);
    if (known !== undefined) this.#pools.delete(session);
    else if (this.#pools.size >= this.#sessionsMax) this.#forgetOneAtRest();
    const pools = known ?? this.#make();
    this.#pools.set(session, pools);
    return pools;
  }

  /** As many sessions as have requests under way are kept in any case. */
  #forgetOneAtRest(): void {
    for (const [session, pools] of this.#pools) {
      if (pools.some(({ open, idle }) => open !== idle)) continue;
      this.#pools.delete(session);
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

  closeAll(): void {
    for (const pools of this.#pools.values()) for (const pool of pools) pool.closeAll();
  }
}
