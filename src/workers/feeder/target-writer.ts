// Request heads and paths as bytes, one after the other into one buffer. Runs once per request in the feeder; budget 150 ns.
import { headTail } from "../../registry/request-head.ts";
import { DIGEST_BYTES } from "../../ring/operation-record.ts";
import { copyText } from "../../trace/json-text.ts";
import { type RecordBlock, type RecordView, recordBlock } from "../../trace/record-view.ts";
import type { EndpointPlan } from "../feed-plan.ts";
import { blockOf, type Span } from "./span.ts";

type EndpointPieces = {
  /** "GET /prefix/v2/team/" and "HEAD /prefix/v2/team/". */
  readonly get: RecordBlock;
  readonly head: RecordBlock;
  /** "/prefix/v2/team/" */
  readonly path: RecordBlock;
  readonly ping: RecordBlock;
  readonly tail: RecordBlock;
  readonly manifestTail: RecordBlock;
};

const BLOBS = blockOf("/blobs/sha256:");
const MANIFESTS = blockOf("/manifests/");
const TARGET_BYTES = 64 * 1024;
const RANGE = blockOf("Range: ");
/** End of the last line and of the head. */
const HEAD_END = blockOf("\r\n\r\n");
/** The empty line, which moves behind the range. */
const HEAD_END_BYTES = 2;

/** The two hexadecimal digits of a byte, as a little-endian pair of characters. */
const HEX_PAIRS = Int32Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0")).readUInt16LE(),
);

export class TargetWriter {
  /** Holds the target written last in its first `length` bytes. */
  readonly bytes: Buffer = Buffer.alloc(TARGET_BYTES);
  length = 0;
  readonly #block: RecordBlock = recordBlock(this.bytes);
  readonly #endpoints: readonly EndpointPieces[];
  /** If what stands in `bytes` is a blob: what it begins with, its repository, and where its digest stands. */
  #begun: RecordBlock | undefined;
  #repository: Span | undefined;
  #digestAt = 0;

  constructor(endpoints: readonly EndpointPlan[]) {
    this.#endpoints = endpoints.map(piecesOf);
  }

  /** `constant`: a repository that has the same bytes whenever it is given again; only the digest is written anew. */
  blob(
    registry: number,
    head: boolean,
    repository: Span,
    { digest, constant }: { readonly digest: Buffer; readonly constant: boolean },
  ): void {
    const pieces = this.#endpoints[registry] as EndpointPieces;
    const begin = head ? pieces.head : pieces.get;
    if (this.#begun !== begin || this.#repository !== repository) {
      this.#begin(begin);
      this.#span(repository);
      this.#piece(BLOBS);
      this.#digestAt = this.length;
      this.length += 2 * DIGEST_BYTES;
      this.#piece(pieces.tail);
      if (constant) {
        this.#begun = begin;
        this.#repository = repository;
      }
    }
    this.#hex(digest);
  }

  manifest(registry: number, head: boolean, repository: Span, reference: Span): void {
    const pieces = this.#endpoints[registry] as EndpointPieces;
    this.#begin(head ? pieces.head : pieces.get);
    this.#span(repository);
    this.#piece(MANIFESTS);
    this.#span(reference);
    this.#piece(pieces.manifestTail);
  }

  /** Makes the head in `bytes`, of a GET, ask for the part of the object that the record has. */
  range({ block, rangeAt, rangeBytes }: RecordView): void {
    this.#begun = undefined;
    this.length -= HEAD_END_BYTES;
    this.#piece(RANGE);
    this.length = copyText(this.#block, this.length, block, rangeAt, rangeAt + rangeBytes);
    this.#piece(HEAD_END);
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

  #begin(piece: RecordBlock): void {
    this.#begun = undefined;
    this.length = 0;
    this.#piece(piece);
  }

  #piece(piece: RecordBlock): void {
    this.length = copyText(this.#block, this.length, piece, 0, piece.buffer.length);
  }

  #span({ block, from, to }: Span): void {
    this.length = copyText(this.#block, this.length, block, from, to);
  }

  #hex(digest: Buffer): void {
    const { data } = this.#block;
    let at = this.#digestAt;
    for (let i = 0; i < DIGEST_BYTES; i += 2, at += 4) {
      const first = HEX_PAIRS[digest[i] as number] as number;
      const second = HEX_PAIRS[digest[i + 1] as number] as number;
      data.setInt32(at, first | (second << 16), true);
    }
  }
}

function piecesOf({ style, pathPrefix, namePrefix }: EndpointPlan): EndpointPieces {
  const path = `${pathPrefix}/v2/${namePrefix}`;
  const tail = headTail(style, false);
  return {
    get: blockOf(`GET ${path}`),
    head: blockOf(`HEAD ${path}`),
    path: blockOf(path),
    ping: recordBlock(Buffer.concat([Buffer.from(`GET ${pathPrefix}/v2/`), tail])),
    tail: recordBlock(tail),
    manifestTail: recordBlock(headTail(style, true)),
  };
}
