import { ownText } from "../masking/own-text.ts";
import type { LogEntry } from "./log-entry.ts";

/** Uploads that have begun and not ended; beyond it the oldest is forgotten. Registries abort theirs after a week. */
const OPEN_UPLOADS_MAX = 100_000;

/** Where the size of an upload comes from, when its last request does not tell all of it. */
export type UploadSize = {
  /** `undefined`: some part did not tell. */
  readonly bytes: number | undefined;
  readonly source: "content-range" | "parts" | undefined;
};

type Session = { bytes: number | undefined; hasRange: boolean };

const NOTHING: Session = { bytes: 0, hasRange: false };

/**
 * Sizes of blobs that were uploaded in parts: what the PATCHes of an upload say is added up until its PUT. A part says where
 * it ends (`Content-Range`) or how long it is; one that says neither makes the size unknown.
 */
export class UploadSessions {
  readonly #open = new Map<string, Session>();

  /** A PATCH that was accepted, of the upload of this id. */
  part(id: string, entry: LogEntry): void {
    const before = this.#open.get(id) ?? NOTHING;
    const after = extended(before, entry);
    if (before === NOTHING) this.#makeRoom();
    this.#open.set(before === NOTHING ? ownText(id) : id, after);
  }

  /** The PUT that ends the upload; `undefined` if there were no parts, so that the PUT says all there is to say. */
  end(id: string, entry: LogEntry): UploadSize | undefined {
    const before = this.#open.get(id);
    this.#open.delete(id);
    if (before === undefined && entry.rangeEnd === undefined) return undefined;
    const { bytes, hasRange } = extended(before ?? NOTHING, entry);
    if (bytes === undefined) return { bytes, source: undefined };
    return { bytes, source: hasRange ? "content-range" : "parts" };
  }

  #makeRoom(): void {
    if (this.#open.size < OPEN_UPLOADS_MAX) return;
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest);
      return;
    }
  }
}

function extended(before: Session, { rangeEnd, bodyBytes }: LogEntry): Session {
  if (rangeEnd !== undefined) return { bytes: rangeEnd, hasRange: true };
  const { bytes, hasRange } = before;
  const isKnown = bytes !== undefined && bodyBytes !== undefined;
  return { bytes: isKnown ? bytes + bodyBytes : undefined, hasRange };
}
