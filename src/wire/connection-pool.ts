import { type Nanos, nanos } from "../core/units.ts";
import { Connection, type ConnectionKeeper } from "./connection.ts";
import type { ConnectTarget } from "./origin.ts";
import type { ThreadWire } from "./thread-wire.ts";

export type PoolOptions = {
  /** false = one connection per exchange: a connection that is given back is closed. */
  readonly keepAlive?: boolean;
};

/**
 * Connections to one target that may be used again; the last one given is taken first, so that the others can grow idle.
 * It makes as many as are taken at the same time: the limit is its user's, one connection per exchange in flight. Several
 * pools may have the same target. `take` and `give` make nothing but new connections.
 */
export class ConnectionPool implements ConnectionKeeper {
  readonly target: ConnectTarget;
  /** Connections made, takes that found an idle one, connections closed by either side. */
  opened = 0;
  reused = 0;
  closed = 0;
  /** Of `closed`: those that the server closed, or talked on unasked, while they were idle here. */
  closedIdle = 0;
  readonly #wire: ThreadWire;
  readonly #keepAlive: boolean;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();
  #connecting = 0;

  constructor(target: ConnectTarget, wire: ThreadWire, { keepAlive = true }: PoolOptions = {}) {
    this.target = target;
    this.#wire = wire;
    this.#keepAlive = keepAlive;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get open(): number {
    return this.#open.size;
  }

  /** An idle connection, or a fresh one that connects with its first exchange. */
  take(): Connection {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      this.reused++;
      return idle;
    }
    return this.takeFresh();
  }

  /** For a request that a reused connection could not carry. */
  takeFresh(): Connection {
    const connection = new Connection(this.target, this.#wire, this);
    this.opened++;
    this.#open.add(connection);
    return connection;
  }

  /**
   * Opens connections until `count` are idle here; without keep-alive none. Resolves when all stand or have failed: why the
   * first one failed, or undefined. `stood` is called with the time that each took. What is taken meanwhile does not wait.
   */
  async openAhead(count: number, stood: (taken: Nanos) => void): Promise<string | undefined> {
    const missing = this.#keepAlive ? count - this.#idle.length - this.#connecting : 0;
    const opened = Array.from({ length: Math.max(0, missing) }, () => this.#openOne(stood));
    return (await Promise.all(opened)).find((failure) => failure !== undefined);
  }

  #openOne(stood: (taken: Nanos) => void): Promise<string | undefined> {
    const connection = this.takeFresh();
    const began = this.#wire.clock.now();
    this.#connecting++;
    return new Promise((resolve) => {
      connection.connect((failure) => {
        this.#connecting--;
        if (failure === undefined) {
          this.#idle.push(connection);
          stood(nanos(connection.connectedAt - began));
        }
        resolve(failure);
      });
    });
  }

  /** Gives back a connection after `onEnd` or `onFailure`. One that closed meanwhile is dropped. */
  give(connection: Connection): void {
    if (connection.state === "closed") return;
    if (this.#keepAlive && connection.state === "idle") this.#idle.push(connection);
    else connection.close();
  }

  /** Closes all connections; exchanges under way fail as `aborted`. */
  closeAll(): void {
    this.#idle.length = 0;
    for (const connection of this.#open) connection.close();
  }

  connectionClosed(connection: Connection): void {
    this.closed++;
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.closedIdle++;
  }
}
