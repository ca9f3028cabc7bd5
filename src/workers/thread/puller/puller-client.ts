import type { Secret } from "../../../registry/secret.ts";
import type { RequestPool } from "../../../wire/request-pool.ts";
import type { PullContext } from "./pull-context.ts";
import { ClientRows } from "./pull-rows.ts";

/** The connections and the name of one client: pools are never shared, since each puller stands for a machine of its own. */
export class PullerClient {
  readonly context: PullContext;
  /** Tokens are kept under this name. */
  readonly name: string;
  readonly pool: RequestPool;
  /** Where rows are wanted. */
  readonly rows: ClientRows | undefined;
  readonly #elsewhere = new Map<string, RequestPool>();

  constructor(context: PullContext, { name, index }: { name: string; index: number }) {
    this.context = context;
    this.name = name;
    this.rows = context.rows === undefined ? undefined : new ClientRows(context.rows, index);
    this.pool = context.newPool(context.target);
  }

  /** What to answer to a 401 with these challenges, which `refused` led to. Rejects with a DrayageError. */
  credentials(
    repository: string,
    challenges: readonly string[],
    refused: Secret | undefined,
  ): Promise<Secret> {
    const { context, rows } = this;
    const purpose = context.purposeOf(this.name, repository);
    const ask = () => context.authorization.answer(purpose, challenges, refused);
    return rows === undefined ? ask() : rows.asking(ask);
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
