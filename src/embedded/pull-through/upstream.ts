// One upstream registry: requests with credentials, redirects, counts. What it refuses is passed on as it came.
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import { Authorization, type Purpose } from "../../registry/authorization.ts";
import { type ControlFetch, ControlTransport } from "../../registry/control-transport.ts";
import type { EndpointAuth } from "../../registry/endpoint.ts";
import { resolveLocation } from "../../registry/location.ts";
import { bufferContent } from "../content.ts";
import { apiVersion, type Reply, wholeBody } from "../reply.ts";
import type { RequestType } from "../route.ts";
import type { UpstreamTrust } from "./pull-through-options.ts";
import type { OpenCount, UpstreamCounters } from "./upstream-counters.ts";
import { bodyError, UpstreamConnections } from "./upstream-exchange.ts";
import { troubleReply, UpstreamError } from "./upstream-trouble.ts";

export type UpstreamQuestion = {
  readonly method: "GET" | "HEAD";
  readonly type: RequestType;
  /** Path and query, from `/v2/` on. */
  readonly target: string;
  readonly scope: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Good news with a body that is still to come, or what the client is told instead. */
export type UpstreamAnswer =
  | { readonly kind: "opened"; readonly body: UpstreamBody }
  | { readonly kind: "refused"; readonly reply: Reply };

export type UpstreamOptions = {
  readonly name: string;
  /** `http(s)://host[:port]`. */
  readonly origin: string;
  /** Path before `/v2/`, without a slash at its end. */
  readonly pathPrefix: string;
  readonly auth: EndpointAuth;
  readonly trust: UpstreamTrust;
  readonly counters: UpstreamCounters;
  readonly clock: Clock;
};

const REDIRECTS_MAX = 10;
/** Of an error body that is passed on. */
const REFUSAL_BYTES_MAX = 65_536;
const CLIENT = "pull-through";
const USER_AGENT = "drayage-serve";
/** What a client has to see of a refusal besides its body. */
const REFUSAL_FIELDS = [
  "Content-Type",
  "WWW-Authenticate",
  "Retry-After",
  "RateLimit-Limit",
  "RateLimit-Remaining",
  "Warning",
];

export class Upstream {
  readonly name: string;
  readonly #options: UpstreamOptions;
  readonly #connections: UpstreamConnections;
  readonly #transport: ControlTransport;
  readonly #authorization: Authorization;

  constructor(options: UpstreamOptions) {
    const { origin, auth, trust, clock } = options;
    const insecure = trust.insecure === true;
    this.name = options.name;
    this.#options = options;
    this.#connections = new UpstreamConnections(trust);
    const { ca, cert, key } = trust;
    this.#transport = new ControlTransport({ ca, cert, key, insecure });
    const fetch = this.#countedFetch();
    this.#authorization = new Authorization({ origin, auth, insecure, fetch, clock });
  }

  /** Never rejects: trouble becomes the answer that the client gets. */
  async ask(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    try {
      return await this.#askWithCredentials(question);
    } catch (error) {
      return { kind: "refused", reply: this.replyTo(error) };
    }
  }

  /** Counts the trouble and says it in an answer. What is no UpstreamError is ours and goes on. */
  replyTo(error: unknown): Reply {
    if (!(error instanceof UpstreamError)) throw error;
    this.#options.counters.trouble(this.name, error.kind);
    return troubleReply(error);
  }

  async close(): Promise<void> {
    this.#connections.close();
    await this.#transport.close();
  }

  async #askWithCredentials(question: UpstreamQuestion): Promise<UpstreamAnswer> {
    const scopes = question.scope === undefined ? [] : [question.scope];
    const purpose: Purpose = { client: CLIENT, scopes };
    const sent = this.#authorization.header(purpose);
    const body = await this.#follow(question, sent?.expose());
    if (body.response.statusCode !== 401) return await judged(body, question);
    const challenges = body.response.headersDistinct["www-authenticate"] ?? [];
    const refusal = await judged(body, question);
    const answer = await this.#answerTo(purpose, challenges, sent);
    if (answer === undefined) return refusal;
    return await judged(await this.#follow(question, answer), question);
  }

  // Without a token the 401 itself is the answer: the client learns what the upstream wants.
  async #answerTo(
    purpose: Purpose,
    challenges: readonly string[],
    sent: ReturnType<Authorization["header"]>,
  ): Promise<string | undefined> {
    try {
      return (await this.#authorization.answer(purpose, challenges, sent)).expose();
    } catch (error) {
      if (!(error instanceof DrayageError)) throw error;
      this.#options.counters.trouble(this.name, "auth");
      return undefined;
    }
  }

  async #follow(
    question: UpstreamQuestion,
    authorization: string | undefined,
  ): Promise<UpstreamBody> {
    const { origin, pathPrefix, trust } = this.#options;
    let url = `${origin}${pathPrefix}${question.target}`;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      // Credentials are for the registry alone, not for the storage that it leads to.
      const isHome = url.startsWith(`${origin}/`);
      const body = await this.#send(question, url, isHome ? authorization : undefined);
      const { statusCode = 0, headers } = body.response;
      if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
        return body;
      }
      body.response.resume();
      const place = resolveLocation(url, headers.location, { insecure: trust.insecure === true });
      if (place.kind === "refused") {
        throw new UpstreamError("redirect", `the upstream leads to nowhere: ${place.reason}`);
      }
      url = `${place.origin}${place.target}`;
    }
    throw new UpstreamError("redirect", `the upstream leads on more than ${REDIRECTS_MAX} times`);
  }

  async #send(
    { method, type, headers }: UpstreamQuestion,
    url: string,
    authorization: string | undefined,
  ): Promise<UpstreamBody> {
    const { counters } = this.#options;
    const credentials = authorization === undefined ? {} : { authorization };
    const asked = { ns: this.name, type, method };
    try {
      const response = await this.#connections.send({
        method,
        url,
        headers: { "user-agent": USER_AGENT, ...headers, ...credentials },
      });
      const count = counters.request({ ...asked, code: response.statusCode ?? 0 });
      return new UpstreamBody(response, count);
    } catch (error) {
      counters.request({ ...asked, code: 0 });
      throw error;
    }
  }

  #countedFetch(): ControlFetch {
    const { counters } = this.#options;
    return async (request) => {
      const asked = { ns: this.name, type: "token", method: request.method } as const;
      try {
        const response = await this.#transport.fetch(request);
        counters.request({ ...asked, code: response.status }).bytes += response.body.length;
        return response;
      } catch (error) {
        counters.request({ ...asked, code: 0 });
        throw error;
      }
    };
  }
}

/** An answer of an upstream, its body counted as it is read. */
export class UpstreamBody {
  readonly response: IncomingMessage;
  readonly #count: OpenCount;

  constructor(response: IncomingMessage, count: OpenCount) {
    this.response = response;
    this.#count = count;
  }

  /** Bytes of the body as announced; `undefined` where it comes without a length. */
  get size(): number | undefined {
    const text = this.response.headers["content-length"];
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  }

  /** Reads the body once; ending early closes the connection. Throws an UpstreamError when it breaks off. */
  async *chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.response as AsyncIterable<Buffer>) {
        this.#count.bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw bodyError(error);
    }
  }

  /** All of it, up to a limit: more is an UpstreamError. */
  async whole(bytesMax: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.chunks()) {
      size += chunk.length;
      if (size > bytesMax) {
        throw new UpstreamError("protocol", `the upstream's answer is above ${bytesMax} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  }

  /** Nobody wants the body: the connection closes. */
  discard(): void {
    this.response.destroy();
  }
}

// 206 is for the pass-through of ranges.
async function judged(body: UpstreamBody, { method }: UpstreamQuestion): Promise<UpstreamAnswer> {
  const { statusCode } = body.response;
  if (statusCode === 200 || statusCode === 206) return { kind: "opened", body };
  return { kind: "refused", reply: await refusalOf(body, method) };
}

async function refusalOf(body: UpstreamBody, method: UpstreamQuestion["method"]): Promise<Reply> {
  const { response } = body;
  const content = bufferContent(await explanationOf(body));
  const fields = REFUSAL_FIELDS.flatMap((name) =>
    (response.headersDistinct[name.toLowerCase()] ?? []).flatMap((value) => [name, value]),
  );
  const length = method === "HEAD" ? (body.size ?? 0) : content.size;
  return {
    status: response.statusCode ?? 502,
    headers: [...apiVersion, "Content-Length", String(length), ...fields],
    body: content.size === 0 ? undefined : wholeBody(content),
  };
}

// The status counts: a body that is too long, or that breaks off, is left out.
async function explanationOf(body: UpstreamBody): Promise<Buffer> {
  try {
    return await body.whole(REFUSAL_BYTES_MAX);
  } catch (error) {
    if (error instanceof UpstreamError) return Buffer.alloc(0);
    throw error;
  }
}
