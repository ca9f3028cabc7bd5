// Where a request goes and with which bytes: to the cache, credentials and all, or to where it led. Without credentials and
// redirects a head is sent as it was made.
import { resolveLocation } from "../../../registry/location.ts";
import { pathOfHead, withLine } from "../../../registry/request-head.ts";
import type { Secret } from "../../../registry/secret.ts";
import type { RequestPool } from "../../../wire/request-pool.ts";
import { BoardWord } from "../../pull-board.ts";
import type { PullerClient } from "./puller-client.ts";
import type { Wanted } from "./wanted-request.ts";

const REDIRECTS_MAX = 10;
const NO_SCRATCH: Buffer = Buffer.alloc(0);

export class RequestRoute {
  head: Buffer = NO_SCRATCH;
  pool: RequestPool;
  /** What the head carries. */
  signedWith: Secret | undefined = undefined;
  readonly #client: PullerClient;
  readonly #wanted: Wanted;
  #origin = "";
  #hops = 0;

  constructor(client: PullerClient, wanted: Wanted) {
    this.#client = client;
    this.#wanted = wanted;
    this.pool = client.pool;
  }

  /** `received`: where a download that broke off goes on. */
  toCache(received: number): void {
    this.#hops = 0;
    this.pool = this.#client.pool;
    this.#origin = this.#client.context.target.origin;
    this.head = this.#ranged(this.#signed(this.#wanted.head), received);
  }

  /** Another origin must not learn our credentials, nor send us to a token service. */
  get isCache(): boolean {
    return this.#origin === this.#client.context.target.origin;
  }

  /** To where a Location leads; returns why not, if not. */
  redirected(location: string, received: number): string | undefined {
    const { context } = this.#client;
    const place = resolveLocation(`${this.#origin}${pathOfHead(this.head)}`, location, {
      insecure: context.plan.wire.endpoint.insecure,
    });
    if (place.kind === "refused") return place.reason;
    if (++this.#hops > REDIRECTS_MAX) return `more than ${REDIRECTS_MAX} hops`;
    this.#origin = place.origin;
    this.pool = this.isCache ? this.#client.pool : this.#client.poolElsewhere(place.origin);
    const moved = context.heads.elsewhere(place.target, this.pool.target.hostHeader);
    this.head = this.#ranged(this.isCache ? this.#signed(moved) : moved, received);
    return undefined;
  }

  #ranged(head: Buffer, received: number): Buffer {
    if (received === 0) return head;
    return withLine(head, Buffer.from(`Range: bytes=${received}-\r\n`, "latin1"), NO_SCRATCH);
  }

  #signed(head: Buffer): Buffer {
    if (!this.#needsCredentials()) return head;
    const { context, name } = this.#client;
    const purpose = context.purposeOf(name, this.#wanted.repository);
    this.signedWith = context.authorization.header(purpose);
    if (this.signedWith === undefined) return head;
    const line = `Authorization: ${this.signedWith.expose()}\r\n`;
    return withLine(head, Buffer.from(line, "latin1"), NO_SCRATCH);
  }

  /** Nothing was configured and nobody has asked: the plain path makes no strings. */
  #needsCredentials(): boolean {
    const { plan, board } = this.#client.context;
    return plan.wire.endpoint.auth.type !== "none" || board.get(BoardWord.challenges) > 0;
  }
}
