// One connection that speaks HTTP/2, for as many exchanges at the same time as its users have. Runs once per connection.
//
//                 connected, h2 agreed   broken, refused, closed by either side
//   connecting    open                   closed
//   open          -                      closed, or leaving when the server says that it will go
//   leaving       -                      closed
//   closed        -                      -
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { invariant } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import { type Nanos, nanos } from "../core/units.ts";
import type { ConnectTarget } from "./origin.ts";
import { socketErrorText } from "./socket.ts";
import type { ThreadWire } from "./thread-wire.ts";

/**
 * Bytes that a server may send before we have said that we took them: per stream and per connection, as the HTTP client of
 * Go has them, which docker, containerd, crane and skopeo use. What comes is consumed at once, so they cost no memory.
 */
const STREAM_WINDOW_BYTES = 4 * 1024 ** 2;
const SESSION_WINDOW_BYTES = 1024 ** 3;

/** Exchanges that wait for the connection, and those that are under way when it breaks. */
export interface SessionUser {
  sessionOpen(session: ClientHttp2Session): void;
  sessionLost(code: number, message: string): void;
}

export class Http2Session {
  state: "connecting" | "open" | "leaving" | "closed" = "connecting";
  connectedAt: Nanos = nanos(-1);
  /** Responses that were received completely. */
  served = 0;
  readonly #target: ConnectTarget;
  readonly #wire: ThreadWire;
  readonly #users = new Set<SessionUser>();
  readonly #socket: TLSSocket;
  #tcpConnected = false;
  #session: ClientHttp2Session | undefined;

  constructor(target: ConnectTarget, wire: ThreadWire) {
    this.#target = target;
    this.#wire = wire;
    this.#socket = openSocket(target);
    this.#socket.once("connect", () => {
      this.#tcpConnected = true;
    });
    this.#socket.once("secureConnect", () => this.#connected());
    this.#socket.on("error", (error) => this.#broken(error));
    this.#socket.once("close", () => this.#lost(this.#lostCode(), "the server closed it"));
  }

  /** Tells the user when it may send, at once where that is now. */
  use(user: SessionUser): void {
    this.#users.add(user);
    if (this.#session !== undefined) user.sessionOpen(this.#session);
  }

  leave(user: SessionUser): void {
    this.#users.delete(user);
  }

  /** All its users have waited too long for it to stand. */
  giveUp(message: string): void {
    this.#lost(Failure["timeout:connect"], message);
  }

  close(): void {
    this.#lost(Failure.aborted, "it was closed on our side");
  }

  #connected(): void {
    if (this.state !== "connecting") return;
    if (this.#socket.alpnProtocol !== "h2") {
      this.#lost(Failure.protocol, "the server does not speak HTTP/2");
      return;
    }
    const session = connectHttp2(this.#target.origin, {
      createConnection: () => this.#socket,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
    });
    session.once("connect", () => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    session.on("error", (error) => this.#broken(error));
    session.once("close", () => this.#lost(this.#lostCode(), "the server closed it"));
    // No new exchange here; those that are under way may still end well.
    session.once("goaway", () => {
      if (this.state === "open") this.state = "leaving";
    });
    this.state = "open";
    this.connectedAt = this.#wire.clock.now();
    this.#session = session;
    for (const user of [...this.#users]) user.sessionOpen(session);
  }

  #broken(error: NodeJS.ErrnoException): void {
    const cause = socketErrorText(error);
    const what = this.#session === undefined ? "cannot connect" : "it broke";
    this.#lost(this.#lostCode(), `${what}: ${cause}`);
  }

  #lostCode(): number {
    if (this.#session !== undefined) return Failure.reset;
    return this.#tcpConnected ? Failure.tls : Failure.connect;
  }

  #lost(code: number, why: string): void {
    this.state = "closed";
    const users = [...this.#users];
    this.#users.clear();
    for (const user of users) user.sessionLost(code, `${this.#target.label}: ${why}`);
    this.#session?.destroy();
    this.#socket.destroy();
  }
}

function openSocket({ host, port, tls }: ConnectTarget): TLSSocket {
  invariant(tls !== undefined, "HTTP/2 is agreed on within TLS");
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  const socket = connectTls({
    host,
    port,
    secureContext: tls.secureContext,
    rejectUnauthorized: !tls.insecure,
    ALPNProtocols: ["h2"],
    ...(servername === undefined ? {} : { servername }),
  });
  socket.setNoDelay(true);
  return socket;
}
