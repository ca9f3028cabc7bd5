// Figures for whoever collects metrics. Read when asked for: between two questions it costs nothing.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, UsageError } from "../../core/errors.ts";
import { http } from "../../core/node-http.ts";
import { acceptedForm, metricsText } from "../../report/metrics/exposition.ts";
import type { MetricFamily, MetricSource } from "../../report/metrics/metric-family.ts";
import { listenAddress } from "../listen-address.ts";

/** Figures are read at most so often, whoever asks: reading takes a millisecond or two of the thread that collects outcomes. */
const FRESH_MS = 100;
/** More collectors than that are none. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS_MAX = 5_000;

const loopback = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

export class MetricsEndpoint {
  readonly #server: Server;
  readonly #source: MetricSource;
  #families: readonly MetricFamily[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  private constructor(source: MetricSource) {
    this.#source = source;
    this.#server = http.createServer((request, response) => this.#answer(request, response));
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.requestTimeout = REQUEST_MS_MAX;
    // Whoever looks must not keep the program from ending.
    this.#server.unref();
  }

  /** `text`: HOST:PORT. Throws UsageError where it cannot listen. */
  static async listen(text: string, source: MetricSource): Promise<MetricsEndpoint> {
    const address = listenAddress(text);
    if (address === undefined)
      throw new UsageError(`--metrics wants HOST:PORT such as 127.0.0.1:9464, not "${text}"`);
    const endpoint = new MetricsEndpoint(source);
    const server = endpoint.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) =>
        reject(new UsageError(`--metrics: cannot listen on ${text}: ${messageOf(error)}`)),
      );
      server.listen(address.port, address.host, resolve);
    });
    // Afterwards an error is one of accepting, and costs the collector a question.
    server.removeAllListeners("error").on("error", () => {});
    return endpoint;
  }

  get #address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  get url(): string {
    const { address, port } = this.#address;
    return `http://${address.includes(":") ? `[${address}]` : address}:${port}/metrics`;
  }

  /** Only this machine can ask. */
  get isLocal(): boolean {
    return loopback.test(this.#address.address);
  }

  #answer({ url = "", method = "", headers }: IncomingMessage, response: ServerResponse): void {
    const path = url.split("?")[0];
    if (path !== "/metrics") refuse(response, 404, "there is /metrics\n");
    else if (method === "GET" || method === "HEAD")
      answerMetrics(this.#read(), headers.accept, response);
    else {
      response.setHeader("Allow", "GET, HEAD");
      refuse(response, 405, "it can only be read\n");
    }
  }

  #read(): readonly MetricFamily[] {
    const now = performance.now();
    if (now >= this.#readAt + FRESH_MS) {
      this.#families = this.#source();
      this.#readAt = now;
    }
    return this.#families;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Writes the page of metrics in the form that the header `Accept` asks for. */
export function answerMetrics(
  families: readonly MetricFamily[],
  accept: string | undefined,
  response: ServerResponse,
): void {
  const { type, text } = metricsText(families, acceptedForm(accept));
  response.setHeader("Content-Type", type);
  response.setHeader("Vary", "Accept");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(text);
}
