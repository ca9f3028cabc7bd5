import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { DrayageError, messageOf } from "../core/errors.ts";

const CONNECT_MS = 10_000;

export type ReachTarget = {
  readonly origin: string;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
};

/**
 * Connects once, TLS included, and sends nothing: the cache's log begins with the first puller. Throws DrayageError
 * `target-unreachable`.
 */
export async function requireReachable(target: ReachTarget): Promise<void> {
  const { origin, ca, cert, key, insecure } = target;
  const { hostname, port, protocol } = new URL(origin);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = protocol === "https:";
  const number = port === "" ? (secure ? 443 : 80) : Number(port);
  const socket = secure
    ? connectTls({
        host,
        port: number,
        rejectUnauthorized: !insecure,
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      })
    : connect({ host, port: number });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(secure ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
      socket.setTimeout(CONNECT_MS, () =>
        reject(new Error(`no connection within ${CONNECT_MS / 1000} s`)),
      );
    });
  } catch (error) {
    const why = error instanceof AggregateError ? error.errors[0] : error;
    throw new DrayageError("target-unreachable", `nothing answers at ${origin}: ${messageOf(why)}`);
  } finally {
    socket.destroy();
  }
}
