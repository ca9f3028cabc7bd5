// Tokens that are still good, by client, registry and scopes. The caller's clock decides; no timers.
//
//   |--------------- life (at least 60 s) ---------------|
//   obtained            renewed in the background        expired
//                       from min(80 %, life - 30 s) on
import type { Clock } from "../core/clock.ts";
import { type Nanos, nanos, nanosFromSeconds, seconds } from "../core/units.ts";
import type { Secret } from "./secret.ts";
import type { Token, TokenQuestion } from "./token-service.ts";

const RENEW_SHARE = 0.8;
const RENEW_BEFORE: Nanos = nanosFromSeconds(seconds(30));
/** A service that fails is asked again in the background after this long, not at every request. */
const PAUSE_AFTER_FAILURE: Nanos = nanosFromSeconds(seconds(5));
/** Beyond it the oldest is forgotten: its client asks again. */
const ENTRIES_MAX = 100_000;

/** Whose token for what. `client` keeps those apart who would log in by themselves; scopes in any order. */
export type TokenKey = {
  readonly client: string;
  readonly origin: string;
  readonly scopes: readonly string[];
};

export const tokenKey = ({ client, origin, scopes }: TokenKey): string =>
  [client, origin, ...scopes.toSorted()].join("\n");

type Entry = {
  question: TokenQuestion;
  token: Token | undefined;
  renewAt: Nanos;
  expiresAt: Nanos;
  pending: Promise<Token> | undefined;
};

export type TokenRequester = (question: TokenQuestion, refresh?: Secret) => Promise<Token>;

export class TokenCache {
  readonly #clock: Clock;
  readonly #request: TokenRequester;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, request: TokenRequester) {
    this.#clock = clock;
    this.#request = request;
  }

  /** The token at hand, if it is still good; starts its renewal when that is due. */
  peek(key: string): Secret | undefined {
    const entry = this.#entries.get(key);
    if (entry?.token === undefined) return undefined;
    const now = this.#clock.now();
    if (now >= entry.expiresAt) return undefined;
    if (now >= entry.renewAt && entry.pending === undefined) {
      // The token at hand is good for a while: a failure now is counted by the service, and met again if it lasts.
      this.#renew(entry).catch(() => {
        entry.renewAt = nanos(this.#clock.now() + PAUSE_AFTER_FAILURE);
      });
    }
    return entry.token.authorization;
  }

  /**
   * A token after a 401: the one at hand if it is good and not the `refused` one, else a new one. All who ask for the same
   * while a request is under way share its outcome. Rejects as the requester does.
   */
  async obtain(key: string, question: TokenQuestion, refused?: Secret): Promise<Secret> {
    const entry = this.#entryOf(key, question);
    const { token, expiresAt } = entry;
    const good = token !== undefined && this.#clock.now() < expiresAt;
    if (good && token.authorization.expose() !== refused?.expose()) return token.authorization;
    const renewed = await (entry.pending ?? this.#renew(entry));
    return renewed.authorization;
  }

  #entryOf(key: string, question: TokenQuestion): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.question = question;
      return known;
    }
    if (this.#entries.size >= ENTRIES_MAX) this.#forgetOldest();
    const made: Entry = {
      question,
      token: undefined,
      renewAt: nanos(0),
      expiresAt: nanos(0),
      pending: undefined,
    };
    this.#entries.set(key, made);
    return made;
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  #renew(entry: Entry): Promise<Token> {
    // The life counts from the asking, whatever the service's clock says.
    const from = this.#clock.now();
    const pending = this.#request(entry.question, entry.token?.refresh)
      .then((token) => {
        const life = nanosFromSeconds(token.life);
        entry.token =
          token.refresh === undefined ? { ...token, refresh: entry.token?.refresh } : token;
        entry.renewAt = nanos(from + Math.min(life * RENEW_SHARE, life - RENEW_BEFORE));
        entry.expiresAt = nanos(from + life);
        return token;
      })
      .finally(() => {
        entry.pending = undefined;
      });
    entry.pending = pending;
    return pending;
  }
}
