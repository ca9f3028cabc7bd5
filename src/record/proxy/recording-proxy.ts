import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { messageOf, UsageError } from "../../core/errors.ts";
import { http } from "../../core/node-http.ts";
import { bytes, type Micros, micros, millis } from "../../core/units.ts";
import type { BatchSink } from "../batch-sink.ts";
import { AddressRewrite } from "./address-rewrite.ts";
import { CatalogPoll } from "./catalog-poll.ts";
import { ExchangeRecorder } from "./exchange-recorder.ts";
import { nameMask } from "./name-mask.ts";
import { Overhead } from "./overhead.ts";
import { Passage, type PassageDesk } from "./passage.ts";
import { answerItself } from "./proxy-answer.ts";
import type { RecordingProxyOptions, RecordingProxyState } from "./proxy-options.ts";
import { RegistryImage } from "./registry-image.ts";
import { registryPath } from "./registry-path.ts";
import { requestTarget } from "./request-target.ts";
import { HEADER_BYTES_MAX, UpstreamConnections } from "./upstream-connections.ts";

const MANIFEST_BYTES_MAX = bytes(4 * 1024 * 1024);
const GRACE = millis(1_000);
/** Longer than any pause of a client: a connection closed under it would be a failure that is not the registry's. */
const KEEP_ALIVE_MS = 600_000;
/** A client that neither sends nor takes anything for so long is cut off; later than a silent upstream. */
const CLIENT_SILENCE_MS_MAX = 660_000;
const CONNECTIONS_MAX = 16_384;
/** Written at a time to the socket of an answer before the upstream is held back. */
const BUFFER_BYTES = 256 * 1024;

/**
 * A reverse proxy in front of one registry that passes everything on as it comes and gives each exchange, once it is over,
 * to the sink. It never waits for the archive, unless the sink asks it to.
 */
export class RecordingProxy {
  readonly #server: Server;
  readonly #upstream: UpstreamConnections;
  readonly #recorder: ExchangeRecorder;
  readonly #overhead = new Overhead();
  readonly #desk: PassageDesk;
  readonly #options: RecordingProxyOptions;
  readonly #scheme: "http" | "https";
  readonly #now: () => Micros;
  readonly #open = new Set<Passage>();
  #catalog: CatalogPoll | undefined;
  /** The sink is full: exchanges that arrive now begin once it is not. */
  #held: Promise<void> | undefined;
  #exchanges = 0;
  #refused = 0;
  #abortedByClient = 0;
  #abortedByUpstream = 0;

  private constructor(options: RecordingProxyOptions, sink: BatchSink) {
    const upstream = upstreamUrl(options.upstream);
    const { tls = {}, manifestBytesMax = MANIFEST_BYTES_MAX } = options;
    this.#options = options;
    this.#scheme = tls.listen === undefined ? "http" : "https";
    this.#now = options.now ?? systemMicros;
    this.#upstream = new UpstreamConnections(upstream, tls.upstream);
    const image = new RegistryImage(options.known);
    const mask = nameMask(options.anonymizeKey);
    const rewrite = new AddressRewrite(upstream);
    this.#recorder = new ExchangeRecorder({ sink, image, mask, rewrite, spec: options.spec });
    this.#desk = {
      upstream: this.#upstream,
      authority: upstream.host,
      rewrite,
      manifestBytesMax: manifestBytesMax ?? bytes(0),
      ended: (passage) => this.#ended(passage),
    };
    this.#server = this.#listener();
    const { catalogInterval } = options;
    if (catalogInterval === undefined || catalogInterval === null) return;
    this.#catalog = new CatalogPoll({
      upstream,
      trust: tls.upstream ?? {},
      interval: catalogInterval,
      image,
      mask,
      onFacts: (facts) => this.#recorder.offer(facts),
      onNotice: options.onNotice ?? (() => undefined),
    });
  }

  /** Listens. UsageError for an upstream that is no origin, for a certificate that is none, and for a port in use. */
  static async start(options: RecordingProxyOptions, sink: BatchSink): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options, sink);
    await proxy.#listen();
    proxy.#catalog?.start();
    return proxy;
  }

  /** `http://127.0.0.1:5001`. */
  get url(): string {
    return `${this.#scheme}://${this.#authority()}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  state(): RecordingProxyState {
    return {
      open: this.#open.size,
      exchanges: this.#exchanges,
      unmatched: this.#recorder.unmatched,
      abortedByClient: this.#abortedByClient,
      abortedByUpstream: this.#abortedByUpstream,
      refused: this.#refused,
      overhead: this.#overhead.figures(),
      catalogFailures: this.#catalog?.failures ?? 0,
    };
  }

  /** Takes no more connections, lets open exchanges end for a while, and records what is left as aborted. */
  async close(): Promise<void> {
    await this.#catalog?.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    await this.#drained();
    for (const passage of [...this.#open]) passage.cut();
    this.#server.closeAllConnections();
    this.#upstream.close();
    await closed;
  }

  async #drained(): Promise<void> {
    const until = performance.now() + (this.#options.grace ?? GRACE);
    while (this.#open.size > 0 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #listener(): Server {
    const settings = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      // An upload may be as slow as its client.
      requestTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
      highWaterMark: BUFFER_BYTES,
    };
    const tls = this.#options.tls?.listen;
    const server = tls === undefined ? http.createServer(settings) : secureServer(settings, tls);
    server.timeout = CLIENT_SILENCE_MS_MAX;
    server.maxConnections = CONNECTIONS_MAX;
    server.on("request", (request, response) => this.#take({ request, response }, false));
    server.on("checkContinue", (request, response) => this.#take({ request, response }, true));
    server.on("checkExpectation", (request, response) => {
      this.#refuse({ request, response }, 417, "it expects something unknown");
    });
    server.on("connect", (_request, socket: Socket) =>
      this.#refuseSocket(socket, "405 Method Not Allowed"),
    );
    server.on("clientError", (error, socket: Socket) => this.#onBrokenRequest(error, socket));
    server.on("drop", () => this.#refused++);
    return server;
  }

  #take(messages: Messages, isExpecting: boolean): void {
    const startedAt = performance.now();
    const { request } = messages;
    const target = requestTarget(request);
    if (target.kind === "refused") {
      this.#refuse(messages, target.status, target.why);
      return;
    }
    const passage = new Passage(this.#desk, messages, {
      arrival: this.#now(),
      startedAt,
      target: target.text,
      door: this.#door(request),
      isExpecting,
      isManifest: isManifestTarget(target.text),
    });
    this.#open.add(passage);
    if (this.#held === undefined) passage.run();
    else void this.#held.then(() => passage.run());
  }

  #ended(passage: Passage): void {
    this.#open.delete(passage);
    this.#exchanges++;
    if (passage.aborted === "client") this.#abortedByClient++;
    if (passage.aborted === "upstream") this.#abortedByUpstream++;
    const overhead = passage.overheadMs();
    if (overhead !== undefined) this.#overhead.addMillis(overhead);
    const { request, answer, head } = passage;
    const room = this.#recorder.record({
      arrival: head.arrival,
      address: passage.address,
      method: request.method ?? "GET",
      target: head.target,
      requestHeaders: request.headers,
      answerHeaders: answer?.headers ?? {},
      status: passage.status,
      requestBytes: passage.requestBytes,
      answerBytes: passage.answerBytes,
      marks: passage.marks(),
      aborted: passage.aborted,
      manifest: passage.manifest,
    });
    if (room !== undefined) this.#hold(room);
  }

  #hold(room: Promise<void>): void {
    const held = room.then(() => {
      if (this.#held === held) this.#held = undefined;
    });
    this.#held = held;
  }

  #refuse({ request, response }: Messages, status: number, why: string): void {
    this.#refused++;
    // Where its body ends is not sure, or of no interest.
    response.shouldKeepAlive = false;
    answerItself(response, status, `the request is not passed on: ${why}`);
    request.resume();
  }

  /** Bytes that are no request, or the end of a connection: of an exchange under way, that is its own matter. */
  #onBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
    const isUnderWay = [...this.#open].some(({ request }) => request.socket === socket);
    if (!isUnderWay && error.code?.startsWith("HPE_") === true)
      this.#refuseSocket(socket, "400 Bad Request");
    else socket.destroy();
  }

  #refuseSocket(socket: Socket, status: string): void {
    this.#refused++;
    if (socket.writable)
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    else socket.destroy();
  }

  /** Clients know the proxy by the name they used, which need not be the one it listens at. */
  #door(request: IncomingMessage): string {
    const { host } = request.headers;
    const authority = host !== undefined && /^[\w.:[\]-]+$/.test(host) ? host : this.#authority();
    return `${this.#scheme}://${authority}`;
  }

  #authority(): string {
    const { host } = this.#options.listen;
    return `${host.includes(":") ? `[${host}]` : host}:${this.port}`;
  }

  #listen(): Promise<void> {
    const { host, port } = this.#options.listen;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        const why =
          error.code === "EADDRINUSE"
            ? `proxy.listen: port ${port} of ${host} is in use: choose another one`
            : `proxy.listen: cannot listen on ${host}:${port} (${error.message})`;
        reject(new UsageError(why, { cause: error }));
      });
      this.#server.listen(port, host, () => resolve());
    });
  }
}

type Messages = { readonly request: IncomingMessage; readonly response: ServerResponse };

function secureServer(
  settings: Parameters<typeof createTlsServer>[0],
  tls: { readonly cert: string; readonly key: string },
): Server {
  try {
    return createTlsServer({ ...settings, cert: tls.cert, key: tls.key });
  } catch (error) {
    throw new UsageError(`proxy.tls.listen: not a certificate and its key (${messageOf(error)})`, {
      cause: error,
    });
  }
}

function upstreamUrl(text: string): URL {
  const url = URL.parse(text);
  const isOrigin =
    url !== null &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    `${url.pathname}${url.search}${url.hash}${url.username}${url.password}` === "/";
  if (!isOrigin)
    throw new UsageError(
      "proxy.upstream: give scheme, host and port only, such as http://127.0.0.1:5000",
    );
  return url;
}

const systemMicros = (): Micros =>
  micros(Math.round((performance.timeOrigin + performance.now()) * 1000));

function isManifestTarget(target: string): boolean {
  const mark = target.indexOf("?");
  return registryPath(mark < 0 ? target : target.slice(0, mark)).kind === "manifest";
}
