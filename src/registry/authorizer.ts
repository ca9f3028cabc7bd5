// Credentials on measured requests to one registry entry. Without credentials `sign` hands the head back as it is: the hot
// path. With them it writes one more line into the flight's scratch buffer; the scope makes a string per request then.
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import { Op } from "../core/operation.ts";
import { Authorization, type Purpose } from "./authorization.ts";
import type { EndpointSpec } from "./client-spec.ts";
import { ControlTransport } from "./control-transport.ts";
import type { EndpointAuth } from "./endpoint.ts";
import type { RegistryFlight } from "./flight.ts";
import { isBlobPush, type Order } from "./order.ts";
import { pathOfHead, withLine } from "./request-head.ts";
import { Secret } from "./secret.ts";

export class Authorizer {
  readonly #spec: EndpointSpec;
  readonly #clock: Clock;
  readonly #transport: ControlTransport;
  readonly #authorization: Authorization;
  /** Nothing was configured and no registry has asked: no flight needs credentials. */
  #needless: boolean;

  constructor(spec: EndpointSpec, clock: Clock) {
    this.#spec = spec;
    this.#clock = clock;
    this.#transport = new ControlTransport({ ca: spec.ca, insecure: spec.insecure });
    this.#needless = spec.auth.type === "none";
    this.#authorization = new Authorization({
      origin: spec.origin,
      auth: endpointAuth(spec.auth),
      insecure: spec.insecure,
      fetch: this.#transport.fetch,
      clock,
    });
  }

  /** Token requests so far and the time they took, nanoseconds. */
  get tokenCounts(): { readonly requests: number; readonly nanos: number } {
    return this.#authorization.tokenCounts;
  }

  /** The head with credentials, if there are any for what the flight is about to do. */
  sign(flight: RegistryFlight, head: Buffer): Buffer {
    if (this.#needless) return head;
    const header = this.#authorization.header(this.#purposeOf(flight));
    flight.signedWith = header;
    if (header === undefined) return head;
    const line = Buffer.from(`Authorization: ${header.expose()}\r\n`, "latin1");
    return withLine(head, line, flight.scratch);
  }

  /** The registry answered 401: gets what it asks for and repeats the request, or fails the flight. */
  authorize(flight: RegistryFlight, challenges: readonly string[]): void {
    this.#needless = false;
    const started = this.#clock.now();
    const { generation } = flight;
    const whileUnderWay = (then: () => void): void => {
      if (flight.generation !== generation) return;
      flight.excuse(this.#clock.now() - started);
      then();
    };
    this.#authorization.answer(this.#purposeOf(flight), challenges, flight.signedWith).then(
      () => whileUnderWay(() => flight.repeat()),
      (error: unknown) => whileUnderWay(() => flight.fail(Failure.auth, messageOf(error))),
    );
  }

  /** Tokens are kept per session: real clients do not share them either. */
  #purposeOf({ order }: RegistryFlight): Purpose {
    const client = order.session < 0 ? "" : String(order.session);
    if (order.op === Op.PING) return { client, scopes: [] };
    const writes = order.op === Op.PUT || order.op === Op.PUSH;
    const path = writes ? order.target.toString("latin1") : pathOfHead(order.target);
    const name = repositoryOf(path.slice(this.#spec.pathPrefix.length), order);
    // Of another path the challenge alone knows what to ask for.
    if (name === undefined) return { client, scopes: [] };
    const scopes = [`repository:${name}:${writes ? "pull,push" : "pull"}`];
    if (order.mountFrom !== "")
      scopes.push(`repository:${this.#spec.namePrefix}${order.mountFrom}:pull`);
    return { client, scopes };
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

/**
 * The name in `/v2/<name>/blobs/…` or `/v2/<name>/manifests/…`, if it is such a path. Those words may stand in names too: the last
 * ones count. What a blob's push starts from is `/v2/<name>` alone.
 */
function repositoryOf(path: string, order: Order): string | undefined {
  const end = isBlobPush(order)
    ? path.length
    : Math.max(path.lastIndexOf("/blobs/"), path.lastIndexOf("/manifests/"));
  return end < 0 ? undefined : path.slice("/v2/".length, end);
}

/** Secrets become plain text to cross the thread border; here they are secrets again. */
export function endpointAuth(auth: EndpointSpec["auth"]): EndpointAuth {
  switch (auth.type) {
    case "none":
      return auth;
    case "basic":
      return {
        type: "basic",
        credentials: { username: auth.username, password: new Secret(auth.password) },
      };
    case "bearer": {
      const { username, password, token } = auth;
      return {
        type: "bearer",
        credentials:
          username === undefined ? undefined : { username, password: new Secret(password ?? "") },
        token: token === undefined ? undefined : new Secret(token),
      };
    }
    default:
      return auth satisfies never;
  }
}
