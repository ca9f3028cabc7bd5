import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import { DrayageError, messageOf } from "../../core/errors.ts";

/** Credentials of the first server are those of all. */
export type NatsAddress = {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
};

const CONNECT_MS_MAX = 5000;
const RECONNECT_WAIT_MS = 100;

/** `nats://[user:password@|token@]host[:port]`; several with commas. Throws a TypeError. */
export function natsAddress(url: string): NatsAddress {
  const servers = url.split(",").map(serverOf);
  const [{ username = "", password = "" } = {}] = servers;
  const list = servers.map((server) => `${server.protocol}//${server.host}`);
  if (username === "") return { servers: list };
  if (password === "") return { servers: list, token: decodeURIComponent(username) };
  return {
    servers: list,
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
  };
}

function serverOf(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `nats://${text}`);
  if (url !== null && /^(?:nats|tls):$/.test(url.protocol) && url.host !== "") return url;
  throw new TypeError(`url: "${text}" is no address such as nats://127.0.0.1:4222`);
}

/**
 * A connection that is taken up again for ever once it was there. `doing` begins the sentence of a DrayageError
 * `target-unreachable` or `auth-failed`.
 */
export async function connectTo(
  url: string,
  { name, doing, address }: { name: string; doing: string; address: NatsAddress },
): Promise<NatsConnection> {
  try {
    return await connect({
      ...address,
      name,
      timeout: CONNECT_MS_MAX,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
    });
  } catch (error) {
    const sentence = messageOf(error);
    const isRefused = error instanceof AuthorizationError || /auth/i.test(sentence);
    const code = isRefused ? "auth-failed" : "target-unreachable";
    throw new DrayageError(code, `${doing} ${withoutSecret(url)}: ${sentence}`, { cause: error });
  }
}

const withoutSecret = (url: string): string => url.replaceAll(/[^/,]*@/g, "");
