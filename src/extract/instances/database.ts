// The one connection to a Nova database. Rows are streamed: nothing is collected but the answers of small questions.
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { type Connection, type ConnectionOptions, createConnection, type SslOptions } from "mysql2";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import { connectError, isUnreachable } from "./database-error.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const FAREWELL_MS_MAX = 1000;
/** A server whose machine is gone does not say so: after so much silence the system asks whether it is still there. */
const KEEP_ALIVE_MS = 60_000;
/** Seconds that the server waits for us to take more rows. */
export const NET_WRITE_TIMEOUT = 600;

/** A value as the text protocol gives it with dates as strings. */
export type Cell = string | number | Buffer | null;
export type Row = readonly Cell[];

export type RowTaker = {
  /** False: stop sending until `drained` resolves. */
  take(row: Row): boolean;
  drained(): Promise<void>;
};

export class Database {
  readonly #connection: Connection;
  #broken = false;
  #isClosed = false;
  /** Where it is, for messages. */
  readonly place: string;

  private constructor(connection: Connection, place: string) {
    this.#connection = connection;
    this.place = place;
    // A connection that breaks reports to the statement at hand; without one it is not worth an exception.
    connection.on("error", () => {});
  }

  /** Tries the sockets, then TCP. Throws a DrayageError that names the place and what set it. */
  static async connect(settings: ConnectionSettings): Promise<Database> {
    const common = commonOptions(settings);
    for (const socketPath of settings.sockets) {
      try {
        return new Database(await connected({ ...common, socketPath }), socketPath);
      } catch (error) {
        if (settings.onlySocket || !isUnreachable(error))
          throw connectError(error, { settings, place: socketPath });
      }
    }
    // A name that also has an IPv6 address would be tried there first; servers rarely listen there.
    const host = settings.host.value === "localhost" ? "127.0.0.1" : settings.host.value;
    const place = `${host}:${settings.port.value}`;
    try {
      const address = { host, port: settings.port.value };
      return new Database(await connected({ ...common, ...address }), place);
    } catch (error) {
      throw connectError(error, { settings, place });
    }
  }

  /** Rows of a small question. */
  ask(sql: string, values: readonly string[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query({ sql, values: [...values], rowsAsArray: true }, (error, rows) => {
        if (error === null) resolve(Array.isArray(rows) ? (rows as Row[]) : []);
        else reject(error);
      });
    });
  }

  /**
   * Hands every row of the answer to `taker`, no faster than it takes them. The row is not kept and may be changed.
   * Rejects with what the client library says, or with what `taker` throws; the connection is of no use then.
   */
  stream(
    { sql, values }: { sql: string; values: readonly string[] },
    taker: RowTaker,
  ): Promise<void> {
    const connection = this.#connection;
    return new Promise((resolve, reject) => {
      let failed = false;
      const fail = (error: unknown): void => {
        failed = true;
        this.#broken = true;
        release();
        connection.destroy();
        reject(error);
      };
      const lost = (error: Error): void => {
        if (!failed) fail(error);
      };
      const release = (): void => void connection.off("error", lost);
      // The library tells the connection, not the statement, when the server goes away.
      connection.on("error", lost);
      const query = connection.query({ sql, values: [...values], rowsAsArray: true });
      query.on("result", (row: unknown) => {
        if (failed) return;
        try {
          if (taker.take(row as Row)) return;
          connection.pause();
          taker.drained().then(() => connection.resume(), fail);
        } catch (error) {
          fail(error);
        }
      });
      query.on("error", lost);
      query.on("end", () => {
        release();
        if (!failed) resolve();
      });
    });
  }

  /**
   * A server that has gone does not answer the farewell: it is waited for a second at most, and not at all if that is known.
   * Idempotent.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#broken)
      await new Promise<void>((resolve) => {
        this.#connection.end(() => resolve());
        setTimeout(resolve, FAREWELL_MS_MAX).unref();
      });
    this.#connection.destroy();
  }
}

function commonOptions(settings: ConnectionSettings): ConnectionOptions {
  return {
    user: settings.user.value,
    password: settings.password.value,
    charset: "utf8mb4",
    dateStrings: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    ...(settings.tls === undefined ? {} : { ssl: encryption(settings.tls.caFile) }),
  };
}

/**
 * Certificates that servers make for themselves name no host, so one that is signed by a named authority is enough. The
 * authorities of the system sign for everybody: there the name must be right too.
 */
const encryption = (caFile: string | undefined): SslOptions => ({
  ca: authorities(caFile),
  verifyIdentity: caFile === undefined,
});

function authorities(file: string | undefined): string[] {
  if (file === undefined) return [...rootCertificates];
  try {
    return [readFileSync(file, "utf8")];
  } catch (error) {
    throw new UsageError(`cannot read ${file} (--ssl-ca): ${messageOf(error)}`, { cause: error });
  }
}

function connected(options: ConnectionOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(options);
    connection.once("error", reject);
    connection.connect((error) => {
      connection.off("error", reject);
      if (error === null) resolve(connection);
      else {
        connection.on("error", () => {});
        connection.destroy();
        reject(error);
      }
    });
  });
}
