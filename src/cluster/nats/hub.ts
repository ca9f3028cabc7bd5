// A connection to the servers of a group, and what both ends of the transport need of it.
import { readFileSync } from "node:fs";
import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { isLoopback } from "../direct/loopback.ts";
import { Names } from "./names.ts";
import { patiently } from "./patiently.ts";

export type HubCredentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "user"; readonly user: string; readonly password: string }
  /** A file with the seed of an nkey. */
  | { readonly kind: "nkey"; readonly file: string }
  /** A file with a JWT and its nkey. */
  | { readonly kind: "creds"; readonly file: string };

export type HubOptions = {
  /** `nats://host:port` or `tls://host:port`. */
  readonly servers: readonly string[];
  readonly credentials?: HubCredentials | undefined;
  /** PEM files. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
      }
    | undefined;
  readonly group: string;
};

const CONNECT_MS_MAX = 5000;
/** Between two attempts to find a server again; another one of a cluster is taken at once. */
const RECONNECT_MS = 250;
/** A connection that is dead without a word is found out after three of these. */
const PING_MS = 2000;
const PINGS_MAX = 2;
/** A cluster that has just been started, or has lost the leader of its streams, needs seconds. */
export const STREAMS_MS_MAX = 30_000;
/**
 * One question about a stream. Servers that are choosing a leader do not answer: to ask again soon is to hear of the new one
 * soon, while nodes live on the ten seconds of schedule that they have.
 */
const ASK_MS_MAX = 2000;
/** Servers that keep each stream where there are several. */
const REPLICAS = 3;

export class Hub {
  readonly connection: NatsConnection;
  readonly names: Names;
  readonly streams: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly #listeners = new Set<(up: boolean) => void>();

  private constructor(connection: NatsConnection, names: Names, manager: JetStreamManager) {
    this.connection = connection;
    this.names = names;
    this.manager = manager;
    this.streams = jetstream(connection, { timeout: ASK_MS_MAX });
    void this.#watch();
  }

  /**
   * Throws DrayageError `target-unreachable` or `auth-failed` with one sentence where no server answers or none keeps streams.
   * Later the connection is taken up again for ever.
   */
  static async open(options: HubOptions, title: string): Promise<Hub> {
    const connection = await connected(options, title);
    try {
      if (connection.info?.jetstream !== true && connection.info?.cluster === undefined)
        throw new Error("it keeps no streams: start it with nats-server -js");
      const manager = await patiently(STREAMS_MS_MAX, () =>
        jetstreamManager(connection, { timeout: ASK_MS_MAX }),
      );
      return new Hub(connection, new Names(options.group), manager);
    } catch (error) {
      await connection.close();
      const from = options.servers.join(", ");
      throw new DrayageError("target-unreachable", `${from}: ${messageOf(error)}`);
    }
  }

  /** On how many servers streams are kept: on three where so many may be, which the servers themselves know. */
  get replicas(): number {
    return this.connection.info?.cluster === undefined ? 1 : REPLICAS;
  }

  /** Nobody between here and the server can read along. */
  get isEncrypted(): boolean {
    return this.connection.info?.tls_required === true;
  }

  /** The server, if it is on this machine: two ends with the same one are on one machine. */
  get localServer(): string | undefined {
    const address = this.connection.getServer();
    const host = address.slice(0, address.lastIndexOf(":"));
    return isLoopback(host) ? this.connection.info?.server_id : undefined;
  }

  /** `listener` hears when the connection is cut and when it stands again. Returns how to stop that. */
  onConnected(listener: (up: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type !== "disconnect" && type !== "reconnect") continue;
      for (const listener of this.#listeners) listener(type === "reconnect");
    }
  }

  /** Sends what was published before. */
  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    await this.connection.flush().catch(() => {});
    await this.connection.close();
  }
}

async function connected(options: HubOptions, title: string): Promise<NatsConnection> {
  const { servers, credentials, tls } = options;
  try {
    return await connect({
      servers: [...servers],
      name: title,
      timeout: CONNECT_MS_MAX,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: RECONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: PINGS_MAX,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
      ...(credentials === undefined ? {} : authentication(credentials)),
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const sentence = messageOf(error);
    const denied = /auth|credential|nkey|jwt/i.test(`${(error as Error).name} ${sentence}`);
    throw new DrayageError(
      denied ? "auth-failed" : "target-unreachable",
      `cannot connect to ${servers.join(", ")}: ${sentence.replaceAll("\n", " ")}`,
    );
  }
}

const tlsOptions = ({ ca, cert, key }: NonNullable<HubOptions["tls"]>) => ({
  ...(ca === undefined ? {} : { ca: secretFile(ca).toString() }),
  ...(cert === undefined ? {} : { cert: secretFile(cert).toString() }),
  ...(key === undefined ? {} : { key: secretFile(key).toString() }),
});

type Authentication = Pick<NodeConnectionOptions, "token" | "user" | "pass" | "authenticator">;

function authentication(credentials: HubCredentials): Authentication {
  switch (credentials.kind) {
    case "token":
      return { token: credentials.token };
    case "user":
      return { user: credentials.user, pass: credentials.password };
    case "nkey": {
      const seed = secretFile(credentials.file).toString().trim();
      return { authenticator: nkeyAuthenticator(Buffer.from(seed)) };
    }
    case "creds":
      return { authenticator: credsAuthenticator(secretFile(credentials.file)) };
    default:
      return credentials satisfies never;
  }
}

function secretFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`);
  }
}
