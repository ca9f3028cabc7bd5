// Where a run takes orders: `--ctl`, or the port that the configuration names.
import { isLoopback } from "../../cluster/direct/loopback.ts";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { OptionTable } from "../command.ts";
import { listenAddress } from "../listen-address.ts";

export const ctlOption = {
  ctl: {
    type: "string",
    value: "ADDR",
    help: "HOST:PORT where drayage ctl reaches the run; others than loopback need DRAYAGE_NODE_TOKEN",
  },
} as const satisfies OptionTable;

/** `--ctl`, where nobody else listens: whoever wants to give orders must not find out later that none arrive. Throws UsageError. */
export async function freeCtlAddress(
  given: { readonly ctl: string | undefined },
  env: NodeJS.ProcessEnv,
): Promise<CtlAddress | undefined> {
  const address = ctlAddress(given, env);
  if (address === undefined) return undefined;
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new UsageError(`--ctl: cannot listen on ${given.ctl}: ${messageOf(error)}`)),
    );
    server.listen(address.port, address.host, () => server.close(() => resolve()));
  });
  return address;
}

export type CtlAddress = {
  readonly host: string;
  readonly port: number;
  /** What orders are proved with; empty = none. */
  readonly token: string;
};

/** Throws UsageError for what is no address, and for one without a token that others can reach. */
export function ctlAddress(
  given: { readonly ctl: string | undefined },
  env: NodeJS.ProcessEnv,
  /** Port on this machine where nothing is given; none if absent. */
  port?: number,
): CtlAddress | undefined {
  const token = env.DRAYAGE_NODE_TOKEN ?? "";
  if (given.ctl === undefined)
    return port === undefined ? undefined : { host: "127.0.0.1", port, token };
  const address = listenAddress(given.ctl);
  if (address === undefined)
    throw new UsageError(`--ctl wants HOST:PORT such as 127.0.0.1:8080, not "${given.ctl}"`);
  if (token === "" && !isLoopback(address.host))
    throw new UsageError(
      `--ctl ${given.ctl} can be reached by others: set DRAYAGE_NODE_TOKEN to a secret, here and for drayage ctl, or write 127.0.0.1`,
    );
  return { ...address, token };
}
