import { connect, type Socket } from "node:net";
import { connect as connectTls, getCACertificates, TLSSocket } from "node:tls";
import { DrayageError, messageOf } from "../core/errors.ts";

const CONNECT_MS = 10_000;

export type ReachTarget = {
  readonly origin: string;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
  /** It must agree to speak HTTP/2. */
  readonly http2: boolean;
};

/**
 * Connects once, TLS included, and sends nothing: the cache's log begins with the first puller. Throws DrayageError
 * `target-unreachable`.
 */
export async function requireReachable(target: ReachTarget): Promise<void> {
  const { origin, http2 } = target;
  const socket = socketTo(target);
  try {
    await standing(socket);
  } catch (error) {
    if (http2 && isRefusalOfProtocol(error)) throw noHttp2(origin);
    const why = error instanceof AggregateError ? error.errors[0] : error;
    throw new DrayageError("target-unreachable", `nothing answers at ${origin}: ${messageOf(why)}`);
  } finally {
    socket.destroy();
  }
  if (http2 && socket instanceof TLSSocket && socket.alpnProtocol !== "h2") throw noHttp2(origin);
}

function socketTo({ origin, ca, cert, key, insecure, http2 }: ReachTarget): Socket {
  const { hostname, port, protocol } = new URL(origin);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = protocol === "https:";
  const number = port === "" ? (secure ? 443 : 80) : Number(port);
  if (!secure) return connect({ host, port: number });
  return connectTls({
    host,
    port: number,
    rejectUnauthorized: !insecure,
    ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
    ...(http2 ? { ALPNProtocols: ["h2"] } : {}),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
}

const standing = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", resolve);
    socket.once("error", reject);
    socket.setTimeout(CONNECT_MS, () =>
      reject(new Error(`no connection within ${CONNECT_MS / 1000} s`)),
    );
  });

/** Servers that know the extension and not the protocol end the handshake; others go on as if it had not been asked for. */
const isRefusalOfProtocol = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  error.code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL";

const noHttp2 = (origin: string): DrayageError =>
  new DrayageError("target-unreachable", `${origin} does not speak HTTP/2: leave --http2 out`);
