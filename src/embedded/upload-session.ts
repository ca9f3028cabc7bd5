import { createHash, type Hash, randomBytes } from "node:crypto";
import type { Millis } from "../core/units.ts";
import { type Content, chunkedContent } from "./content.ts";
import { type DigestAlgorithm, finishedDigest } from "./digest.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** An upload that nobody touches for this long is dropped. Source: registry protocol 9.1. */
const IDLE_MS_MAX = 10 * 60_000;
/** Sessions open at once; the next POST is answered 429. */
const SESSIONS_MAX = 100_000;
/** Length of the opaque text in a Location with `--state-query`: real registries send 400 characters and more. */
const STATE_BYTES = 300;

/** One upload: bytes so far, in the pieces that they came in, hashed as they came. */
export class UploadSession {
  readonly id: string;
  readonly name: string;
  touchedAt: Millis;
  /** A request is writing to it: a second one would interleave bytes. */
  isBusy = false;
  /** A chunk below the announced minimum came: it must have been the last one. */
  hadShortChunk = false;
  /** Opaque text that the next request must bring back unchanged, with `--state-query`. */
  state = "";
  readonly #chunks: Buffer[] = [];
  readonly #budget: MemoryBudget;
  #algorithm: DigestAlgorithm;
  #hash: Hash;
  #size = 0;

  constructor(parts: {
    id: string;
    name: string;
    budget: MemoryBudget;
    algorithm: DigestAlgorithm;
    at: Millis;
  }) {
    this.id = parts.id;
    this.name = parts.name;
    this.touchedAt = parts.at;
    this.#budget = parts.budget;
    this.#algorithm = parts.algorithm;
    this.#hash = createHash(parts.algorithm);
  }

  get size(): number {
    return this.#size;
  }

  /** `false` = the registry's memory is full; the bytes before stay. The buffer belongs to the session afterwards. */
  append(chunk: Buffer): boolean {
    if (!this.#budget.take(chunk.length)) return false;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#hash.update(chunk);
    return true;
  }

  /** Which digest will be asked for at the end: hashes again what was hashed with another algorithm. */
  useAlgorithm(algorithm: DigestAlgorithm): void {
    if (algorithm === this.#algorithm) return;
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
    for (const chunk of this.#chunks) this.#hash.update(chunk);
  }

  /** Digest of everything received. Ends the session's hash. */
  digest(): string {
    return finishedDigest(this.#hash, this.#algorithm);
  }

  /** The finished content; its bytes stay taken from the budget, now for whoever stores it. */
  content(): Content {
    return chunkedContent(this.#chunks);
  }

  /** Gives back the bytes of an upload that came to nothing. */
  discard(): void {
    this.#budget.give(this.#size);
    this.#chunks.length = 0;
    this.#size = 0;
  }

  renewState(): void {
    this.state = randomBytes(STATE_BYTES).toString("base64url");
  }
}

/** Uploads under way, by id. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>();
  readonly #budget: MemoryBudget;
  #expired = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get count(): number {
    return this.#sessions.size;
  }

  get expired(): number {
    return this.#expired;
  }

  /** `undefined` = too many are open. */
  open(name: string, algorithm: DigestAlgorithm, at: Millis): UploadSession | undefined {
    if (this.#sessions.size >= SESSIONS_MAX) return undefined;
    const id = crypto.randomUUID();
    const session = new UploadSession({ id, name, budget: this.#budget, algorithm, at });
    this.#sessions.set(id, session);
    return session;
  }

  /** The session of that repository, touched. */
  find(id: string, name: string, at: Millis): UploadSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || session.name !== name) return undefined;
    if (isExpired(session, at)) {
      this.#expire(session);
      return undefined;
    }
    session.touchedAt = at;
    return session;
  }

  /** Forgets a session whose content was stored. */
  close(session: UploadSession): void {
    this.#sessions.delete(session.id);
  }

  cancel(session: UploadSession): void {
    this.close(session);
    session.discard();
  }

  /** Drops what nobody came back for. */
  sweep(at: Millis): void {
    for (const session of this.#sessions.values()) {
      if (isExpired(session, at)) this.#expire(session);
    }
  }

  #expire(session: UploadSession): void {
    this.#expired++;
    this.cancel(session);
  }
}

const isExpired = (session: UploadSession, at: Millis): boolean =>
  !session.isBusy && at - session.touchedAt > IDLE_MS_MAX;
