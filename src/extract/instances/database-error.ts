// What a server or its client library says → one sentence that names what to change.
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import type { ConnectionSettings } from "./connection-settings.ts";

// Numbers of the server's errors.
const Errno = {
  tooManyConnections: 1040,
  deniedSchema: 1044,
  deniedUser: 1045,
  unknownSchema: 1049,
  serverShutdown: 1053,
  unknownColumn: 1054,
  syntax: 1064,
  hostBlocked: 1129,
  deniedTable: 1142,
  deniedColumn: 1143,
  unknownTable: 1146,
  unknownVariable: 1193,
  tooManyUserConnections: 1203,
  interrupted: 1317,
  timedOut: 1969,
  killed: 1927,
  executionTime: 3024,
  idleTooLong: 4031,
  insecureTransport: 3159,
} as const;

const UNREACHABLE = new Map([
  ["ECONNREFUSED", "nobody listens there"],
  ["ETIMEDOUT", "no answer in time"],
  ["EHOSTUNREACH", "there is no way to it"],
  ["ENETUNREACH", "there is no way to it"],
  ["ENOTFOUND", "no host of that name is known"],
  ["EAI_AGAIN", "the name service does not answer"],
  ["ENOENT", "there is no such socket"],
  ["EACCES", "the socket may not be used by this user"],
]);

/** What the client library calls all that goes wrong before the connection is encrypted. */
const TLS_FAILURE = "HANDSHAKE_SSL_ERROR";
const LOST = new Set(["PROTOCOL_CONNECTION_LOST", "ECONNRESET", "EPIPE"]);
const LOST_NUMBERS: readonly number[] = [
  Errno.killed,
  Errno.interrupted,
  Errno.serverShutdown,
  Errno.idleTooLong,
];
const TIMED_OUT: readonly number[] = [Errno.timedOut, Errno.executionTime];
const DENIED: readonly number[] = [Errno.deniedTable, Errno.deniedColumn, Errno.deniedSchema];
const MISSING: readonly number[] = [Errno.unknownTable, Errno.unknownColumn, Errno.unknownSchema];

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";
const errnoOf = (error: unknown): number =>
  error instanceof Error && "errno" in error ? Number(error.errno) : 0;

/** Whether the place could not be reached at all, so that another one may be tried. */
export const isUnreachable = (error: unknown): boolean => UNREACHABLE.has(codeOf(error));

/** A server of an older release has no such variable, or no such statement. */
export const isNotUnderstood = (error: unknown): boolean =>
  [Errno.syntax, Errno.unknownVariable].some((errno) => errno === errnoOf(error));

/** A probe's answer: the account may not look, or there is nothing to look at. */
export function probeFinding(error: unknown): "denied" | "missing" | undefined {
  const errno = errnoOf(error);
  if (DENIED.includes(errno)) return "denied";
  return MISSING.includes(errno) ? "missing" : undefined;
}

/** While connecting. `place` is the host and port, or the socket. */
export function connectError(
  error: unknown,
  { settings, place }: { settings: ConnectionSettings; place: string },
): DrayageError {
  const cause = { cause: error };
  const unreachable = UNREACHABLE.get(codeOf(error));
  if (unreachable !== undefined || LOST.has(codeOf(error)))
    return new DrayageError(
      "target-unreachable",
      `cannot reach the database at ${place} (${sources(settings)}): ${unreachable ?? "it closes the connection"} (${codeOf(error)})`,
    );
  if (codeOf(error) === TLS_FAILURE)
    return new DrayageError(
      "target-unreachable",
      `the database at ${place} cannot be spoken to by TLS (${reasonOf(error)}): if its certificate is signed by an authority of your own, name that with --ssl-ca FILE`,
    );
  const message = serverSetting(errnoOf(error), error);
  if (message !== undefined)
    return new DrayageError(
      "target-unreachable",
      `the database at ${place} refuses us: ${message}`,
    );
  if (errnoOf(error) === Errno.deniedUser) return deniedUser(error, { settings, place });
  return new DrayageError("target-unreachable", `cannot use the database at ${place}`, cause);
}

/** Without the advice that Node.js gives behind it. */
const reasonOf = (error: unknown): string => messageOf(error).replace(/;.*$/s, "");

const sources = ({ host, port }: ConnectionSettings): string =>
  `host from ${host.source}, port from ${port.source}`;

function serverSetting(errno: number, error: unknown): string | undefined {
  switch (errno) {
    case Errno.tooManyConnections:
      return "too many connections; wait, or raise max_connections";
    case Errno.tooManyUserConnections:
      return "too many connections of this user; wait, or raise max_user_connections";
    case Errno.hostBlocked:
      return "this host is blocked after max_connect_errors failures; type FLUSH HOSTS there";
    case Errno.insecureTransport:
      return "require_secure_transport is ON; give --ssl-ca FILE, or --ssl";
    default:
      return /require_secure_transport/.test(messageOf(error))
        ? "require_secure_transport is ON; give --ssl-ca FILE, or --ssl"
        : undefined;
  }
}

function deniedUser(
  error: unknown,
  { settings, place }: { settings: ConnectionSettings; place: string },
): DrayageError {
  const [, seen] = /for user ('.*'@'.*?')/.exec(messageOf(error)) ?? [];
  const { user, password, tls } = settings;
  const sent =
    password.value === ""
      ? "no password was sent: give --password-file"
      : `a password was sent (from ${password.source})`;
  // MariaDB gives the same answer to the right password when it wants the connection encrypted.
  const encryption = tls === undefined ? "; if the server requires TLS, give --ssl-ca FILE" : "";
  return new DrayageError(
    "auth-failed",
    `the database at ${place} denies access to ${seen ?? `'${user.value}'`} (user from ${user.source}); ${sent}${encryption}`,
  );
}

/** While rows are streamed. */
export function streamError(
  error: unknown,
  { rows, netWriteTimeout }: { rows: number; netWriteTimeout: number },
): unknown {
  if (error instanceof DrayageError) return error;
  const errno = errnoOf(error);
  if (LOST.has(codeOf(error)) || isUnreachable(error) || LOST_NUMBERS.includes(errno))
    return new DrayageError(
      "target-unreachable",
      `the database went away after ${rows} rows (net_write_timeout was ${netWriteTimeout} s); nothing was written under the final name`,
      { cause: error },
    );
  if (TIMED_OUT.includes(errno))
    return new DrayageError(
      "target-unreachable",
      `the database ended the statement after ${rows} rows, though its time limit was switched off for this session; ask its administrator`,
      { cause: error },
    );
  if (errno === 0) return error;
  return new UsageError(`the database refuses the statement: ${messageOf(error)}`, {
    cause: error,
  });
}
