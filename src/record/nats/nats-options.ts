import { readFileSync } from "node:fs";
import {
  credsAuthenticator,
  type NodeConnectionOptions,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import { messageOf, UsageError } from "../../core/errors.ts";

export type NatsCredentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "user"; readonly user: string; readonly password: string }
  /** A file with the seed of an nkey. */
  | { readonly kind: "nkey"; readonly file: string }
  /** A file with a JWT and its nkey. */
  | { readonly kind: "creds"; readonly file: string };

/** All files are PEM. */
type NatsTls = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
};

export type NatsOptions = {
  readonly servers: readonly string[];
  readonly credentials: NatsCredentials | null;
  readonly tls: NatsTls | null;
};

const RECONNECT_WAIT_MS = 100;
/** The first connection of each address gets so long. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A dead connection is noticed after this and two more of it: the gap in the archive begins so much earlier. */
const PING_INTERVAL_MS = 10_000;
const PINGS_UNANSWERED_MAX = 2;
/** The longest that a dead connection can look alive. */
export const SILENCE_MS_MAX = PING_INTERVAL_MS * (PINGS_UNANSWERED_MAX + 1);

/** What the client library is told. Reads the files of credentials: a UsageError where that fails. */
export function connectionOptions(
  { servers, credentials, tls }: NatsOptions,
  name: string,
): NodeConnectionOptions {
  return {
    servers: [...servers],
    name,
    timeout: CONNECT_TIMEOUT_MS,
    // A server that comes back with the old users must be found, however often it refused.
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => RECONNECT_WAIT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: PINGS_UNANSWERED_MAX,
    ...(tls === null ? {} : { tls: tlsOptions(tls) }),
    ...(credentials === null ? {} : authentication(credentials)),
  };
}

function tlsOptions({
  ca,
  cert,
  key,
  serverName,
}: NatsTls): NonNullable<NodeConnectionOptions["tls"]> {
  return {
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(cert === undefined ? {} : { certFile: cert }),
    ...(key === undefined ? {} : { keyFile: key }),
    // The library hands what it does not know to node:tls.
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

type Authentication = Pick<NodeConnectionOptions, "token" | "user" | "pass" | "authenticator">;

function authentication(credentials: NatsCredentials): Authentication {
  switch (credentials.kind) {
    case "token":
      return { token: credentials.token };
    case "user":
      return { user: credentials.user, pass: credentials.password };
    case "nkey": {
      const seed = secretFile(credentials.file, "nats.credentials.nkey_file").toString().trim();
      return { authenticator: nkeyAuthenticator(Buffer.from(seed)) };
    }
    case "creds":
      return {
        authenticator: credsAuthenticator(
          secretFile(credentials.file, "nats.credentials.creds_file"),
        ),
      };
    default:
      return credentials satisfies never;
  }
}

function secretFile(file: string, key: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${key}: ${file} cannot be read: ${messageOf(error)}`);
  }
}
