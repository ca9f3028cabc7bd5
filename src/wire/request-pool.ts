// What a client of the wire needs of connections, whichever version of HTTP they speak.
import type { Nanos } from "../core/units.ts";
import type { ExchangeOwner } from "./exchange.ts";
import type { ConnectTarget } from "./origin.ts";

/** Carries one exchange at a time. */
export interface RequestConnection {
  /** `fresh` = it connects with its exchange. */
  readonly state: string;
  /** When the connection stood, TLS included, on the thread's clock; -1 before. */
  readonly connectedAt: Nanos;
  /** `request[0..length)`: a complete head as HTTP/1.1 writes it. `expectsBody` is false for HEAD. */
  exchange(owner: ExchangeOwner, request: Buffer, length: number, expectsBody: boolean): void;
  /** `onFailure` with this code comes before it returns. */
  abort(code: number, message: string): void;
  close(): void;
}

/** Connections to one target that may be used again. */
export interface RequestPool {
  readonly target: ConnectTarget;
  /** Connections made. */
  readonly opened: number;
  take(): RequestConnection;
  takeFresh(): RequestConnection;
  /** After `onEnd` or `onFailure`. */
  give(connection: RequestConnection): void;
  /** Exchanges under way fail as `aborted`. */
  closeAll(): void;
}
