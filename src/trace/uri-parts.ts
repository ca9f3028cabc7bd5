// Runs once per record read, on bytes, allocates nothing. Guarded by perf/trace-read.bench.ts.

import { Kind } from "../core/operation.ts";
import { NONE } from "./layout.ts";

const SLASH = 47;
const wordBlobs = Buffer.from("blobs");
const wordManifests = Buffer.from("manifests");
const wordUploads = Buffer.from("uploads");

/**
 * What a traced uri is about.
 *
 *   v2/<name>/blobs/<ref>             blob
 *   v2/<name>/manifests/<ref>         manifest
 *   v2/<name>/blobs/uploads[/<ref>]   upload
 *   v2, v2/                           ping
 *
 * A slash may lead. The name takes any number of components, at least one, and may itself contain the marker words: the
 * last marker counts. Source: trace-replay.md 1.3 and 2.
 */
export class UriParts {
  /** Code of `Kind` in core/operation.ts. */
  kind: number = Kind.other;
  /** End of the name, from the start of the uri; 0 = no name. */
  nameEnd = 0;
  /** Start of the reference, the last segment; NONE = none. */
  refStart = NONE;

  read(buffer: Buffer, from: number, to: number): void {
    this.kind = Kind.other;
    this.nameEnd = 0;
    this.refStart = NONE;
    const version = buffer[from] === SLASH ? from + 1 : from;
    const nameAt = version + 3;
    if (buffer[version] !== 118 || buffer[version + 1] !== 50 || to < version + 2) return;
    if (to === version + 2 || (to === nameAt && buffer[version + 2] === SLASH)) {
      this.kind = Kind.ping;
      return;
    }
    if (buffer[version + 2] !== SLASH) return;
    const lastSlash = slashBefore(buffer, to, nameAt);
    if (lastSlash + 1 < to) this.refStart = lastSlash + 1 - from;
    if (lastSlash < nameAt) return;
    this.#marked(buffer, { from, nameAt, lastSlash, to });
  }

  #marked(
    buffer: Buffer,
    {
      from,
      nameAt,
      lastSlash,
      to,
    }: { from: number; nameAt: number; lastSlash: number; to: number },
  ): void {
    const slash = slashBefore(buffer, lastSlash, nameAt);
    if (slash > nameAt && isWord(buffer, slash + 1, lastSlash, wordBlobs)) {
      const uploads = isWord(buffer, lastSlash + 1, to, wordUploads);
      this.#set(uploads ? Kind.upload : Kind.blob, slash - from);
      if (uploads) this.refStart = NONE;
      return;
    }
    if (slash > nameAt && isWord(buffer, slash + 1, lastSlash, wordManifests)) {
      this.#set(Kind.manifest, slash - from);
      return;
    }
    this.#upload(buffer, { from, nameAt, lastSlash });
  }

  /** Looks for the last `/blobs/uploads/`, from the right. */
  #upload(
    buffer: Buffer,
    { from, nameAt, lastSlash }: { from: number; nameAt: number; lastSlash: number },
  ): void {
    let end = lastSlash;
    while (end > nameAt) {
      const slash = slashBefore(buffer, end, nameAt);
      const before = slashBefore(buffer, slash, nameAt);
      const marked =
        before > nameAt &&
        isWord(buffer, slash + 1, end, wordUploads) &&
        isWord(buffer, before + 1, slash, wordBlobs);
      if (marked) {
        this.#set(Kind.upload, before - from);
        return;
      }
      end = slash;
    }
  }

  #set(kind: number, nameEnd: number): void {
    this.kind = kind;
    this.nameEnd = nameEnd;
  }
}

/** The last slash before `end`, not before the one in front of `nameAt`. */
function slashBefore(buffer: Buffer, end: number, nameAt: number): number {
  let p = end - 1;
  while (p >= nameAt && buffer[p] !== SLASH) p--;
  return Math.max(p, nameAt - 1);
}

function isWord(buffer: Buffer, from: number, to: number, word: Buffer): boolean {
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (buffer[from + i] !== word[i]) return false;
  return true;
}
