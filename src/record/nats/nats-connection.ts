import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { connectionOptions, type NatsOptions } from "./nats-options.ts";

export type ConnectionUse = {
  /** As the server lists it. */
  readonly name: string;
  /** What we publish is not sent to our own subscriptions. */
  readonly noEcho?: boolean;
};

/** Once connected it is taken up again for ever. DrayageError `target-unreachable` or `auth-failed` where no server takes us. */
export async function connectNats(
  nats: NatsOptions,
  { name, noEcho = false }: ConnectionUse,
): Promise<NatsConnection> {
  try {
    return await connect({ ...connectionOptions(nats, name), noEcho });
  } catch (error) {
    if (error instanceof DrayageError) throw error;
    const code = error instanceof AuthorizationError ? "auth-failed" : "target-unreachable";
    const trouble = code === "auth-failed" ? "refused us" : "cannot be reached";
    throw new DrayageError(
      code,
      `NATS server ${nats.servers.join(", ")} ${trouble}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
