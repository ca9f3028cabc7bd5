// One HTTP request to an upstream by Node's own client: its bodies are streams that stop reading when nobody takes their
// bytes, end with an error when they were cut off, and need no package in this room. undici, which the control client uses,
// has the same but answers belong to its room. Not measured traffic: figures are taken at the clients.
import type { Agent, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { getCACertificates } from "node:tls";
import { messageOf } from "../../core/errors.ts";
import { http } from "../../core/node-http.ts";
import type { UpstreamTrust } from "./pull-through-options.ts";
import { UpstreamError } from "./upstream-trouble.ts";

export type UpstreamRequest = {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
};

/** Also for a pause within a body. */
const SILENCE_MS_MAX = 30_000;
/** To one upstream at a time; further requests wait for a connection. */
const CONNECTIONS_MAX = 256;

/** Connections to one upstream, kept open between requests. */
export class UpstreamConnections {
  readonly #plain: Agent;
  readonly #secure: TlsAgent;
  #isClosed = false;

  constructor({ ca, cert, key, insecure }: UpstreamTrust) {
    const settings = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
    this.#plain = new http.Agent(settings);
    this.#secure = new TlsAgent({
      ...settings,
      rejectUnauthorized: insecure !== true,
      ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  }

  /** The head of the answer; its body is the caller's to read or to destroy. Rejects with an UpstreamError. */
  async send(wanted: UpstreamRequest): Promise<IncomingMessage> {
    const first = await this.#attempt(wanted);
    // The upstream closed a kept connection while the request was on its way: that says nothing about the request.
    const answer = first === "stale" ? await this.#attempt(wanted) : first;
    if (answer === "stale") throw new UpstreamError("unreachable", "the upstream hangs up");
    return answer;
  }

  #attempt({ method, url, headers }: UpstreamRequest): Promise<IncomingMessage | "stale"> {
    const isSecure = url.startsWith("https:");
    const options = { method, headers, agent: isSecure ? this.#secure : this.#plain };
    return new Promise((resolve, reject) => {
      const sent = isSecure ? tlsRequest(url, options) : http.request(url, options);
      let answer: IncomingMessage | undefined;
      sent.setTimeout(SILENCE_MS_MAX, () => {
        // A reader that takes nothing keeps the upstream silent: the upstream is not to blame.
        if (answer !== undefined && answer.readableLength > 0) return;
        // Ends the one that is being waited for: the head, or the body.
        (answer ?? sent).destroy(
          new UpstreamError("timeout", `the upstream sent no byte for ${SILENCE_MS_MAX / 1000} s`),
        );
      });
      sent.on("error", (error: NodeJS.ErrnoException) => {
        if (sent.reusedSocket && error.code === "ECONNRESET" && !this.#isClosed) resolve("stale");
        else reject(connectError(error));
      });
      sent.on("response", (response) => {
        answer = response;
        resolve(response);
      });
      sent.end();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

function connectError(error: NodeJS.ErrnoException): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const isTls = /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(
    String(error.code),
  );
  const why = messageOf(inner).replace(/\s+/g, " ").trim();
  const kind = isTls ? "tls" : "unreachable";
  return new UpstreamError(kind, `the upstream cannot be reached (${why})`, { cause: error });
}

/** What broke a body while it came. */
export function bodyError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError("truncated", `the upstream's answer broke off (${messageOf(error)})`, {
    cause: error,
  });
}
