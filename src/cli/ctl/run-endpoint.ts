// Where a run tells how it does and takes orders: GET /status, GET /metrics, GET and POST /control.
//
//   ctl                                     run
//    | GET /control ------------------------> |
//    | <---------------- {"nonce", "token"}   |   whether orders are to be proved
//    | POST /control {order, nonce, proof} -> |   proof = HMAC(token, nonce and order): order.ts
//    | <------------------------ {order, at}  |   or 4xx {"error": sentence}
//
// Whoever can reach a port without a token may give orders: that is this machine's users only. Pages in their browsers can
// reach it too; they cannot send JSON without being asked first, nor under another name than that of this machine.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopback } from "../../cluster/direct/loopback.ts";
import { messageOf } from "../../core/errors.ts";
import { http } from "../../core/node-http.ts";
import type { MetricFamily } from "../../report/metrics/metric-family.ts";
import { answerMetrics } from "../metrics/metrics-endpoint.ts";
import type { CtlAddress } from "./ctl-address.ts";
import { type Order, type OrderAnswer, orderOf, orderProof, sameProofText } from "./order.ts";
import type { RunStatus } from "./run-status.ts";

/** Of an order. */
const BODY_BYTES_MAX = 4096;
/** Given out and not used yet; the oldest are forgotten. */
const NONCES_MAX = 64;

export type Controlled = {
  status(): RunStatus;
  metrics(): readonly MetricFamily[];
  /** Why it was not done, where it was not. */
  obey(order: Order): OrderAnswer | { readonly error: string };
};

type Answer = { readonly status: number; readonly body: unknown };

const refused = (status: number, error: string): Answer => ({ status, body: { error } });

export class RunEndpoint {
  readonly #run: Controlled;
  readonly #address: CtlAddress;
  readonly #server: Server;
  readonly #nonces = new Set<string>();
  /** Where it listens. Rejects if it cannot. */
  readonly port: Promise<number>;

  /** A port that is taken is no reason not to run: `say` tells of it. */
  constructor(run: Controlled, address: CtlAddress, say: (line: string) => void) {
    this.#run = run;
    this.#address = address;
    const { host, port } = address;
    this.#server = http.createServer((request, response) => {
      void this.#answer(request, response).catch((error: unknown) => fail(response, error));
    });
    const listening = Promise.withResolvers<number>();
    this.port = listening.promise;
    // Nobody has to ask for it.
    this.port.catch(() => {});
    this.#server.on("error", (error) => {
      listening.reject(error);
      say(
        `drayage ctl does not reach this run: cannot listen on ${host}:${port}: ${messageOf(error)}`,
      );
    });
    this.#server.listen(port, host, () =>
      listening.resolve((this.#server.address() as AddressInfo).port),
    );
    // Whoever looks at it must not keep the run from ending.
    this.#server.unref();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?")[0];
    if (path === "/metrics") {
      answerMetrics(this.#run.metrics(), request.headers.accept, response);
      return;
    }
    const { status, body } = await this.#find(path, request);
    response.statusCode = status;
    response.setHeader("Content-Type", "application/json");
    response.end(`${JSON.stringify(body, null, 2)}\n`);
  }

  async #find(path: string | undefined, request: IncomingMessage): Promise<Answer> {
    switch (path) {
      case "/":
      case "/status":
        return { status: 200, body: this.#run.status() };
      case "/control":
        if (request.method !== "POST") return { status: 200, body: this.#invite() };
        return this.#obey(request);
      default:
        return refused(404, "there is /status, /metrics and /control");
    }
  }

  #invite(): { nonce: string; token: boolean } {
    const nonce = randomBytes(16).toString("hex");
    this.#nonces.add(nonce);
    for (const oldest of this.#nonces) {
      if (this.#nonces.size <= NONCES_MAX) break;
      this.#nonces.delete(oldest);
    }
    return { nonce, token: this.#address.token !== "" };
  }

  async #obey(request: IncomingMessage): Promise<Answer> {
    if (!isFromHere(request) && this.#address.token === "")
      return refused(403, "orders without a token are taken under the name of this machine only");
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
      return refused(415, "an order is application/json");
    const said = await readJson(request);
    const order = orderOf(said);
    if (order === undefined)
      return refused(
        400,
        'an order is {"order": "pause"}, resume, drain, stop, or speed with a "factor"',
      );
    const denial = this.#denialOf(order, said as { nonce?: unknown; proof?: unknown });
    if (denial !== undefined) return refused(401, denial);
    const answer = this.#run.obey(order);
    return "error" in answer ? refused(409, answer.error) : { status: 200, body: answer };
  }

  #denialOf(
    order: Order,
    { nonce, proof }: { nonce?: unknown; proof?: unknown },
  ): string | undefined {
    const { token } = this.#address;
    if (token === "") return undefined;
    const isFresh = typeof nonce === "string" && this.#nonces.delete(nonce);
    const isProved =
      isFresh &&
      typeof proof === "string" &&
      sameProofText(proof, orderProof(token, { nonce, order }));
    return isProved
      ? undefined
      : "this run has a token: set DRAYAGE_NODE_TOKEN to the same text as there";
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A mistake of ours in what was asked for: the run goes on, and whoever asked hears of it. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = 500;
  response.setHeader("Content-Type", "application/json");
  response.end(`${JSON.stringify({ error: `the run cannot tell: ${messageOf(error)}` })}\n`);
}

const isFromHere = ({ headers }: IncomingMessage): boolean =>
  isLoopback((headers.host ?? "").replace(/:\d+$/, ""));

/** Undefined for what is too long or no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > BODY_BYTES_MAX) return undefined;
      pieces.push(piece);
    }
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    return undefined;
  }
}
