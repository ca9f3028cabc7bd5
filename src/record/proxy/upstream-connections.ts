// Requests to the upstream over kept connections, by Node's own client. undici needs a quarter less processor time for a small
// answer, but passes on neither `Expect: 100-continue` nor trailers of a request (perf/proxy-overhead.bench.ts).
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { getCACertificates } from "node:tls";
import { http } from "../../core/node-http.ts";
import { hasBody, type RawHeaders } from "./passed-headers.ts";
import type { ProxyTls } from "./proxy-options.ts";
import { OneBufferAgent } from "./read-buffer.ts";

/** Further requests wait for a connection. */
const CONNECTIONS_MAX = 1024;
/** Shorter than any server keeps an idle connection: one that is just being closed would cost a request its answer. */
const IDLE_MS_MAX = 4_000;
/** An upstream that says nothing for so long, while it is its turn, has failed. */
const SILENCE_MS_MAX = 600_000;
export const HEADER_BYTES_MAX = 64 * 1024;
const CONNECT_MS_MAX = 30_000;
/** May be sent again when a kept connection turns out to be closed: nothing happens twice by it. */
const repeatable: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export class UpstreamConnections {
  readonly #agent: Agent;
  readonly #isSecure: boolean;
  readonly #target: { readonly host: string; readonly port: number; readonly servername: string };

  constructor(upstream: URL, trust: ProxyTls["upstream"] = {}) {
    this.#isSecure = upstream.protocol === "https:";
    const host = upstream.hostname.replace(/^\[(.*)\]$/, "$1");
    const port = upstream.port === "" ? (this.#isSecure ? 443 : 80) : Number(upstream.port);
    this.#target = { host, port, servername: isIP(host) === 0 ? host : "" };
    const settings = {
      keepAlive: true,
      maxSockets: CONNECTIONS_MAX,
      timeout: IDLE_MS_MAX,
      scheduling: "lifo",
      noDelay: true,
    } as const;
    this.#agent = this.#isSecure ? secureAgent(settings, trust) : new OneBufferAgent(settings);
  }

  /** Begins a request. Body, answer and errors are the caller's. Throws where the head is none that could be sent. */
  begin(head: {
    readonly method: string;
    readonly target: string;
    readonly headers: RawHeaders;
  }): ClientRequest {
    const options = {
      ...this.#target,
      agent: this.#agent,
      method: head.method,
      path: head.target,
      headers: head.headers,
      timeout: SILENCE_MS_MAX,
      maxHeaderSize: HEADER_BYTES_MAX,
    };
    return this.#isSecure ? tlsRequest(options) : http.request(options);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function secureAgent(
  settings: ConstructorParameters<typeof Agent>[0],
  { ca, cert, key, insecure }: NonNullable<ProxyTls["upstream"]>,
): TlsAgent {
  return new TlsAgent({
    ...settings,
    rejectUnauthorized: insecure !== true,
    ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}

/** Calls one of the two, once, when the socket of a request stands or has taken too long; at once for a kept connection. */
export function whenConnected(
  socket: Socket,
  {
    onConnected,
    onLate,
  }: { readonly onConnected: () => void; readonly onLate: (why: Error) => void },
): void {
  if (!socket.connecting) {
    onConnected();
    return;
  }
  const limit = setTimeout(() => {
    onLate(new Error(`no connection within ${CONNECT_MS_MAX / 1000} s`));
  }, CONNECT_MS_MAX);
  socket.once("close", () => clearTimeout(limit));
  socket.once("encrypted" in socket ? "secureConnect" : "connect", () => {
    clearTimeout(limit);
    onConnected();
  });
}

/** The upstream closed a kept connection while the request was on its way: that says nothing about the request. */
export function mayBeSentAgain(request: IncomingMessage, asked: ClientRequest): boolean {
  const { method = "" } = request;
  return asked.reusedSocket && !hasBody(request) && repeatable.has(method);
}
