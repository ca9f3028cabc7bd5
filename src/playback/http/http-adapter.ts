// Sessions over HTTP, with nothing but node:http.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf } from "../../core/errors.ts";
import { http } from "../../core/node-http.ts";
import { Refusal, type RefusalKind } from "../session/refusal.ts";
import type { SessionDesk } from "../session/session-desk.ts";
import type { Surroundings } from "../session/surroundings.ts";
import type { Answer } from "./http-route.ts";
import { type Route, routes } from "./routes.ts";

export type HttpAdapterOptions = {
  readonly host: SessionDesk;
  readonly listen: { readonly host: string; readonly port: number };
  /** Bearer token that every request but those for the page and `/healthz` has to bring. */
  readonly token?: string | undefined;
  readonly surroundings: Surroundings;
  readonly log: (sentence: string) => void;
};

const statuses: Readonly<Record<RefusalKind, number>> = {
  bad: 400,
  missing: 404,
  limit: 429,
  "too-large": 413,
  "not-ready": 503,
};

/** Connections at once: more than sessions and their streams ever need, and an end to what a mistake can cost. */
const CONNECTIONS_MAX = 10_000;
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'";

export class HttpAdapter {
  readonly #options: HttpAdapterOptions;
  readonly #server: Server;

  private constructor(options: HttpAdapterOptions) {
    this.#options = options;
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Rejects with the system's error if the address cannot be listened on. */
  static async start(options: HttpAdapterOptions): Promise<HttpAdapter> {
    const adapter = new HttpAdapter(options);
    await new Promise<void>((resolve, reject) => {
      adapter.#server.once("error", reject);
      adapter.#server.listen(options.listen.port, options.listen.host, resolve);
    });
    return adapter;
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** Streams must have been ended before; what is still open is cut off. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    setTimeout(() => this.#server.closeAllConnections(), 1000).unref();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    try {
      send(response, await this.#answer(request, response));
    } catch (error) {
      if (!(error instanceof Refusal)) this.#options.log(`request failed: ${messageOf(error)}`);
      const status = error instanceof Refusal ? statuses[error.kind] : 500;
      refuse(response, status, messageOf(error));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const { host, surroundings } = this.#options;
    const url = urlOf(request);
    const found = routeOf(url.pathname);
    if (found === undefined) throw new Refusal("missing", "no such resource");
    const { route, parts } = found;
    if (!isSameOrigin(request)) return error(403, "requests of other origins are refused");
    if (route.isOpen !== true) {
      if (!this.#isAuthorized(request)) return unauthorized(response);
      const waits = surroundings.notReady();
      if (waits !== undefined) throw new Refusal("not-ready", waits);
    }
    const handler =
      route.methods[request.method === "HEAD" && route.isOpen ? "GET" : (request.method ?? "")];
    if (handler === undefined) return notAllowed(response, route);
    const client = addressOf(request);
    return handler({ host, surroundings, request, response, url, client, parts });
  }

  #isAuthorized(request: IncomingMessage): boolean {
    const { token } = this.#options;
    if (token === undefined) return true;
    const [, given = ""] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    return timingSafeEqual(hashOf(given), hashOf(token));
  }
}

/** Of one length, so that comparing tells nothing of how much was right. */
const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? "/", "http://host");
  } catch {
    throw new Refusal("bad", "the request line names no path");
  }
}

/** A page of another origin may not drive sessions of whoever looks at it. Programs send no Origin. */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** An IPv4 address is the same client through either kind of socket. */
const addressOf = ({ socket }: IncomingMessage): string =>
  (socket.remoteAddress ?? "unknown").replace(/^::ffff:/, "");

function routeOf(path: string): { route: Route; parts: Record<string, string> } | undefined {
  const given = path.split("/");
  for (const route of routes) {
    const parts = partsOf(route.path.split("/"), given);
    if (parts !== undefined) return { route, parts };
  }
  return undefined;
}

function partsOf(
  wanted: readonly string[],
  given: readonly string[],
): Record<string, string> | undefined {
  if (wanted.length !== given.length) return undefined;
  const parts: Record<string, string> = {};
  for (const [index, word] of wanted.entries()) {
    if (word.startsWith(":")) parts[word.slice(1)] = given[index] ?? "";
    else if (word !== given[index]) return undefined;
  }
  return parts;
}

const error = (status: number, reason: string): Answer => ({
  kind: "json",
  status,
  value: { error: reason },
});

function unauthorized(response: ServerResponse): Answer {
  response.setHeader("www-authenticate", "Bearer");
  return error(401, "a bearer token is wanted");
}

function notAllowed(response: ServerResponse, { methods }: Route): Answer {
  const allowed = Object.keys(methods).join(", ");
  response.setHeader("allow", allowed);
  return error(405, `only ${allowed} here`);
}

function send(response: ServerResponse, answer: Answer): void {
  switch (answer.kind) {
    case "streaming":
      return;
    case "empty":
      response.writeHead(204).end();
      return;
    case "json":
      response.writeHead(answer.status, {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
      });
      response.end(`${JSON.stringify(answer.value)}\n`);
      return;
    case "raw":
      response.writeHead(answer.status, {
        "content-type": answer.type,
        "cache-control": "no-store",
        "content-security-policy": POLICY,
      });
      for (const chunk of answer.chunks) response.write(chunk);
      response.end();
      return;
    default:
      answer satisfies never;
  }
}

/** A body that was not read to its end leaves a connection that nobody can use. */
function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!response.req.complete) response.setHeader("connection", "close");
  send(response, error(status, reason));
}
