import { KeyedPools } from "../../../registry/keyed-pools.ts";
import type { Secret } from "../../../registry/secret.ts";
import type { RequestPool } from "../../../wire/request-pool.ts";
import type { PullContext } from "./pull-context.ts";
import { ClientRows } from "./pull-rows.ts";

/** Origins that redirects of one client led to, of which connections are kept while nothing is asked there. */
const ORIGINS_MAX = 64;

/** The connections and the name of one client: pools are never shared, since each puller stands for a machine of its own. */
export class PullerClient {
  readonly context: PullContext;
  /** Tokens are kept under this name. */
  readonly name: string;
  readonly pool: RequestPool;
  /** Where rows are wanted. */
  readonly rows: ClientRows | undefined;
  readonly #elsewhere: KeyedPools<string>;

  constructor(context: PullContext, { name, index }: { name: string; index: number }) {
    this.context = context;
    this.name = name;
    this.rows = context.rows === undefined ? undefined : new ClientRows(context.rows, index);
    this.pool = context.newPool();
    this.#elsewhere = new KeyedPools({
      make: (origin) => [context.newPoolElsewhere(origin)],
      keysMax: ORIGINS_MAX,
    });
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
    return this.#elsewhere.of(origin)[0] as RequestPool;
  }

  close(): void {
    for (const pools of [this.pool, this.#elsewhere]) {
      this.context.connectionsOpened += pools.opened;
      pools.closeAll();
    }
  }
}
