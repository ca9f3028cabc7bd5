// Request heads and paths as bytes, one after the other into one buffer. Runs once per request in the feeder; budget 150 ns.
import { headTail } from "../../registry/request-head.ts";
import type { EndpointPlan } from "../feed-plan.ts";

type EndpointPieces = {
  /** "GET /prefix/v2/team/" and "HEAD /prefix/v2/team/". */
  readonly get: Buffer;
  readonly head: Buffer;
  /** "/prefix/v2/team/" */
  readonly path: Buffer;
  readonly ping: Buffer;
  readonly tail: Buffer;
  readonly manifestTail: Buffer;
};

const BLOBS = Buffer.from("/blobs/sha256:");
const MANIFESTS = Buffer.from("/manifests/");
const HEX = Buffer.from("0123456789abcdef");
const TARGET_BYTES = 64 * 1024;

export class TargetWriter {
  /** Holds the target written last in its first `length` bytes. */
  readonly bytes: Buffer = Buffer.alloc(TARGET_BYTES);
  length = 0;
  readonly #endpoints: readonly EndpointPieces[];

  constructor(endpoints: readonly EndpointPlan[]) {
    this.#endpoints = endpoints.map(piecesOf);
  }

  /** `repository` and `reference` are bytes of a trace record or constants: `source[from..to)`. */
  blob(registry: number, head: boolean, repository: Span, digest: Buffer, digestAt: number): void {
    const pieces = this.#endpoints[registry] as EndpointPieces;
    this.#begin(head ? pieces.head : pieces.get);
    this.#span(repository);
    this.#piece(BLOBS);
    this.#hex(digest, digestAt);
    this.#piece(pieces.tail);
  }

  manifest(registry: number, head: boolean, repository: Span, reference: Span): void {
    const pieces = this.#endpoints[registry] as EndpointPieces;
    this.#begin(head ? pieces.head : pieces.get);
    this.#span(repository);
    this.#piece(MANIFESTS);
    this.#span(reference);
    this.#piece(pieces.manifestTail);
  }

  ping(registry: number): void {
    this.#begin((this.#endpoints[registry] as EndpointPieces).ping);
  }

  /** The path that an upload starts from: `/v2/<name>`. */
  repositoryPath(registry: number, repository: Span): void {
    this.#begin((this.#endpoints[registry] as EndpointPieces).path);
    this.#span(repository);
  }

  /** The path of a manifest to be put. */
  manifestPath(registry: number, repository: Span, reference: Span): void {
    this.repositoryPath(registry, repository);
    this.#piece(MANIFESTS);
    this.#span(reference);
  }

  #begin(piece: Buffer): void {
    this.length = piece.copy(this.bytes, 0);
  }

  #piece(piece: Buffer): void {
    this.length += piece.copy(this.bytes, this.length);
  }

  #span({ bytes, from, to }: Span): void {
    this.length += bytes.copy(this.bytes, this.length, from, to);
  }

  #hex(digest: Buffer, at: number): void {
    for (let i = 0; i < 32; i++) {
      const byte = digest[at + i] as number;
      this.bytes[this.length++] = HEX[byte >> 4] as number;
      this.bytes[this.length++] = HEX[byte & 15] as number;
    }
  }
}

/** Some bytes of a buffer. One object per use, refilled for every request. */
export type Span = { bytes: Buffer; from: number; to: number };

export const spanOf = (text: string): Span => {
  const bytes = Buffer.from(text);
  return { bytes, from: 0, to: bytes.length };
};

function piecesOf({ style, pathPrefix, namePrefix }: EndpointPlan): EndpointPieces {
  const path = `${pathPrefix}/v2/${namePrefix}`;
  const tail = headTail(style, false);
  return {
    get: Buffer.from(`GET ${path}`),
    head: Buffer.from(`HEAD ${path}`),
    path: Buffer.from(path),
    ping: Buffer.concat([Buffer.from(`GET ${pathPrefix}/v2/`), tail]),
    tail,
    manifestTail: headTail(style, true),
  };
}
