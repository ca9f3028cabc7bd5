import { createHash } from "node:crypto";
import { type Glob, matchesAny } from "../../archive/glob.ts";
import { pathOfSubject, subjectOfPath } from "../../archive/subject.ts";
import { covers, natsFilters } from "./nats-filters.ts";

/** Subjects whose decision is remembered. When full, it is emptied: a decision costs some microseconds. */
const REMEMBERED_MAX = 200_000;

export type SubjectChoiceOptions = {
  readonly globs: readonly Glob[];
  /** Paths below this one are never recorded: what sessions play would be recorded again and again. */
  readonly except?: string | undefined;
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
};

type Decision = { readonly path: string; readonly filter: number };

/**
 * Which messages are recorded, and as which path. A server sends a message once for each filter that matches, so it is
 * recorded where it arrives on the first of them.
 */
export class SubjectChoice {
  /** What to subscribe to. */
  readonly filters: readonly string[];
  readonly #options: SubjectChoiceOptions;
  readonly #remembered = new Map<string, Decision | undefined>();
  readonly #exceptPrefix: string | undefined;

  constructor(options: SubjectChoiceOptions) {
    this.#options = options;
    this.filters = natsFilters(options.globs);
    this.#exceptPrefix =
      options.except === undefined ? undefined : `${subjectOfPath(options.except)}.`;
  }

  /** The path of a message that arrived on filter number `filter`; `undefined` if it is not to be recorded. */
  pathOf(subject: string, filter: number): string | undefined {
    const decision = this.#remembered.has(subject)
      ? this.#remembered.get(subject)
      : this.#remember(subject);
    return decision?.filter === filter ? decision.path : undefined;
  }

  #remember(subject: string): Decision | undefined {
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    const decision = this.#decide(subject);
    this.#remembered.set(subject, decision);
    return decision;
  }

  #decide(subject: string): Decision | undefined {
    if (this.#exceptPrefix !== undefined && subject.startsWith(this.#exceptPrefix))
      return undefined;
    const { globs, shard } = this.#options;
    const path = pathOfSubject(subject);
    if (!matchesAny(globs, path)) return undefined;
    if (shard !== undefined && ownerOf(path, shard.count) !== shard.index) return undefined;
    return { path, filter: this.filters.findIndex((filter) => covers(filter, subject)) };
  }
}

/** Which of `count` recorders records a path: the first four bytes of its SHA-256, big-endian, modulo `count`. */
export const ownerOf = (path: string, count: number): number =>
  createHash("sha256").update(path).digest().readUInt32BE(0) % count;
