import type { RequestPool } from "../../../wire/request-pool.ts";
import type { PullContext } from "./pull-context.ts";

/** The connections and the name of one client: pools are never shared, since each puller stands for a machine of its own. */
export class PullerClient {
  readonly context: PullContext;
  /** Tokens are kept under this name. */
  readonly name: string;
  readonly pool: RequestPool;
  readonly #elsewhere = new Map<string, RequestPool>();

  constructor(context: PullContext, name: string) {
    this.context = context;
    this.name = name;
    this.pool = context.newPool(context.target);
  }

  /** Connections to where a redirect led. */
  poolElsewhere(origin: string): RequestPool {
    let pool = this.#elsewhere.get(origin);
    if (pool === undefined) {
      pool = this.context.newPool(this.context.targetElsewhere(origin));
      this.#elsewhere.set(origin, pool);
    }
    return pool;
  }

  close(): void {
    for (const pool of [this.pool, ...this.#elsewhere.values()]) {
      this.context.connectionsOpened += pool.opened;
      pool.closeAll();
    }
  }
}
