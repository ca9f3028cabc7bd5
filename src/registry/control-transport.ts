// HTTP for what is not measured: tokens, listings, the check before a start. HTTP/2 where the server offers it. Redirects are
// not followed: whoever asks decides where credentials may go.
import type { Agent, Dispatcher } from "undici";
import { DrayageError, messageOf } from "../core/errors.ts";
import { tls } from "../core/node-tls.ts";

export type ControlRequest = {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
};

export type ControlResponse = {
  readonly status: number;
  /** Values of a header field, one per line of it; `name` in lower case. */
  readonly headers: (name: string) => string[];
  /** At most 4 MiB: more is an error. */
  readonly body: Buffer;
};

/** Sends a request; rejects with a DrayageError `target-unreachable` when there is no response. Tests pass their own. */
export type ControlFetch = (request: ControlRequest) => Promise<ControlResponse>;

const CONNECT_MS = 10_000;
const FIRST_BYTE_MS = 30_000;
const BODY_PAUSE_MS = 30_000;
const BODY_BYTES_MAX = 4 << 20;

export type TrustOptions = {
  /** PEM text of certificate authorities that are trusted besides those of the system. */
  readonly ca: string | undefined;
  /** Certificate and key (PEM) that we show. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure: boolean;
};

/**
 * The client library is loaded with the first request: most runs never need it in their request threads, and it takes longer
 * to load than the rest of a thread.
 */
export class ControlTransport {
  readonly #trust: TrustOptions;
  #client: Promise<Client> | undefined;

  constructor(trust: TrustOptions) {
    this.#trust = trust;
  }

  readonly fetch: ControlFetch = async ({ url, signal, headers = {}, body, method }) => {
    this.#client ??= clientFor(this.#trust);
    const { agent, send } = await this.#client;
    try {
      const { origin, pathname, search } = new URL(url);
      const answer = await send.call(agent, {
        origin,
        path: `${pathname}${search}`,
        method,
        headers,
        body: body ?? null,
        signal: signal ?? null,
      });
      return {
        status: answer.statusCode,
        headers: (name) => [answer.headers[name] ?? []].flat(),
        body: Buffer.from(await answer.body.arrayBuffer()),
      };
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new TransportError(error);
    }
  };

  /** Loads the client library ahead of the first request, where one is sure to come and is timed. */
  async prepare(): Promise<void> {
    this.#client ??= clientFor(this.#trust);
    await this.#client;
  }

  async close(): Promise<void> {
    const client = await this.#client;
    await client?.agent.destroy();
  }
}

type Client = {
  readonly agent: Agent;
  readonly send: (
    this: Dispatcher,
    request: Dispatcher.RequestOptions,
  ) => Promise<Dispatcher.ResponseData>;
};

/** By its parts: the whole library, with sockets for browsers, caches and mocks, takes 80 ms of processor time more. */
async function clientFor(trust: TrustOptions): Promise<Client> {
  const [{ default: UndiciAgent }, { default: send }] = await Promise.all([
    import("undici/lib/dispatcher/agent.js"),
    import("undici/lib/api/api-request.js"),
  ]);
  return { agent: new UndiciAgent(agentOptions(trust)), send };
}

function agentOptions({ ca, cert, key, insecure }: TrustOptions): Agent.Options {
  return {
    allowH2: true,
    headersTimeout: FIRST_BYTE_MS,
    bodyTimeout: BODY_PAUSE_MS,
    maxResponseSize: BODY_BYTES_MAX,
    connect: {
      timeout: CONNECT_MS,
      rejectUnauthorized: !insecure,
      ...(ca === undefined ? {} : { ca: [...tls().getCACertificates("default"), ca] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    },
  };
}

/** No response came. `tls` = a connection came about, trust did not. */
export class TransportError extends DrayageError {
  readonly tls: boolean;

  constructor(error: unknown) {
    const cause = innermost(error);
    const tls = isTlsTrouble(cause);
    super("target-unreachable", describe(cause, tls), { cause: error });
    this.tls = tls;
  }
}

/** A name with several addresses fails with an AggregateError without a message of its own. */
function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return innermost(error.cause);
  return error;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

const isTlsTrouble = (error: unknown): boolean =>
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(codeOf(error));

function describe(error: unknown, tls: boolean): string {
  switch (codeOf(error)) {
    case "ECONNREFUSED":
      return "nothing listens there (connection refused)";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name is not known (DNS)";
    case "UND_ERR_CONNECT_TIMEOUT":
      return `no connection within ${CONNECT_MS / 1000} s`;
    case "UND_ERR_HEADERS_TIMEOUT":
      return `no answer within ${FIRST_BYTE_MS / 1000} s`;
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "it does not speak TLS: is its url http:// rather than https://?";
    default:
      // The TLS library's messages have line breaks.
      return `${tls ? "its certificate was refused: " : ""}${messageOf(error).replace(/\s+/g, " ").trim()}`;
  }
}
