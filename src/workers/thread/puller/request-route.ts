// Where a request goes and with which bytes: to the cache, credentials and all, or to where it led. Without credentials and
// redirects a head is sent as it was made.
import { resolveLocation } from "../../../registry/location.ts";
import { pathOfHead, withLine } from "../../../registry/request-head.ts";
import type { Secret } from "../../../registry/secret.ts";
import type { RequestPool } from "../../../wire/request-pool.ts";
import { BoardWord } from "../../pull-board.ts";
import type { PullerClient } from "./puller-client.ts";
import { isRedirect, type Wanted } from "./wanted-request.ts";

const REDIRECTS_MAX = 10;
const NO_SCRATCH: Buffer = Buffer.alloc(0);

/** What there is of a body already, and of which version (a strong ETag, or empty). */
type Received = { readonly bytes: number; readonly etag: string };

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

  /** A download that broke off goes on where it was. */
  toCache(received: Received): void {
    this.#hops = 0;
    this.pool = this.#client.pool;
    this.#origin = this.#client.context.target.origin;
    this.head = this.#ranged(this.#signed(this.#wanted.head), received);
  }

  /** Another origin must not learn our credentials, nor send us to a token service. */
  get isCache(): boolean {
    return this.#origin === this.#client.context.target.origin;
  }

  /** Whether the answer is to be had elsewhere, and is wanted from there. */
  leadsOn(status: number, location: string): boolean {
    return isRedirect(status) && location !== "" && this.#wanted.accepts !== "redirect";
  }

  /** To where a Location leads; returns why not, if not. 303 asks for a GET whatever was sent. */
  redirected(status: number, location: string, received: Received): string | undefined {
    const { context } = this.#client;
    const { head, method } = this.#wanted;
    const place = resolveLocation(`${this.#origin}${pathOfHead(this.head)}`, location, {
      insecure: context.plan.wire.endpoint.insecure,
    });
    if (place.kind === "refused") return place.reason;
    if (++this.#hops > REDIRECTS_MAX) return `more than ${REDIRECTS_MAX} hops`;
    this.#origin = place.origin;
    this.pool = this.isCache ? this.#client.pool : this.#client.poolElsewhere(place.origin);
    const moved = context.heads.moved(head, {
      method: status === 303 && method !== "HEAD" ? "GET" : method,
      target: place.target,
      hostHeader: this.pool.target.hostHeader,
      isCache: this.isCache,
    });
    this.head = this.#ranged(this.isCache ? this.#signed(moved) : moved, received);
    return undefined;
  }

  #ranged(head: Buffer, { bytes, etag }: Received): Buffer {
    if (bytes === 0) return head;
    const condition = etag === "" ? "" : `If-Range: ${etag}\r\n`;
    const lines = Buffer.from(`Range: bytes=${bytes}-\r\n${condition}`, "latin1");
    return withLine(head, lines, NO_SCRATCH);
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
