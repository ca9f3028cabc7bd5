import type { Clock } from "../core/clock.ts";
import { DrayageError } from "../core/errors.ts";
import { type ChosenChallenge, chooseChallenge, parseChallenges } from "./challenge.ts";
import type { ControlFetch } from "./control-transport.ts";
import { basicAuthorization, type Credentials, type EndpointAuth } from "./endpoint.ts";
import { Secret } from "./secret.ts";
import { TokenCache, tokenKey } from "./token-cache.ts";
import { type TokenQuestion, TokenService } from "./token-service.ts";

export type AuthorizationOptions = {
  /** Of the registry; what `header` and `answer` give must go nowhere else. */
  readonly origin: string;
  readonly auth: EndpointAuth;
  readonly insecure: boolean;
  readonly fetch: ControlFetch;
  readonly clock: Clock;
  /** Where a user and a token are named; those of a configuration if absent. */
  readonly places?: CredentialPlaces;
};

/** Words of messages. */
export type CredentialPlaces = {
  /** What to add, for a user. */
  readonly user: string;
  /** Whose token was refused. */
  readonly token: string;
};

const inConfiguration: CredentialPlaces = {
  user: "auth: {type: basic, username, password} to the entry",
  token: "of the entry",
};

/** Who asks for what; scopes like `repository:lib/app:pull`, none for `GET /v2/`. */
export type Purpose = { readonly client: string; readonly scopes: readonly string[] };

/** Credentials for one registry entry: what to send at once, and what to answer to a 401. */
export class Authorization {
  readonly #origin: string;
  readonly #auth: EndpointAuth;
  readonly #places: CredentialPlaces;
  readonly #credentials: Credentials | undefined;
  readonly #tokens: TokenCache;
  readonly #service: TokenService;
  /** Sent with every request: Basic where it is configured or was asked for, or the token of the configuration. */
  #fixed: Secret | undefined;

  constructor({ origin, auth, insecure, fetch, clock, places }: AuthorizationOptions) {
    const credentials = auth.type === "none" ? undefined : auth.credentials;
    this.#origin = origin;
    this.#auth = auth;
    this.#places = places ?? inConfiguration;
    this.#credentials = credentials;
    this.#service = new TokenService({
      fetch,
      clock,
      registryOrigin: origin,
      insecure,
      credentials,
    });
    this.#tokens = new TokenCache(clock, (question, refresh) =>
      this.#service.request(question, refresh),
    );
    if (auth.type === "basic") this.#fixed = basicAuthorization(auth.credentials);
    if (auth.type === "bearer" && auth.token !== undefined)
      this.#fixed = new Secret(`Bearer ${auth.token.expose()}`);
  }

  /** Token requests so far, the failed among them, and the nanoseconds all of them took. */
  get tokenCounts(): Readonly<TokenService["counts"]> {
    return this.#service.counts;
  }

  /** Value of the Authorization field to send without being asked. Makes strings: keep it per purpose on a hot path. */
  header(purpose: Purpose): Secret | undefined {
    return this.#tokens.peek(this.#keyOf(purpose)) ?? this.#fixed;
  }

  /**
   * What to repeat a request with that was answered 401. `challenges` = its WWW-Authenticate lines, `refused` = what it had
   * been sent with. Rejects with a DrayageError, `auth-failed` or `target-unreachable`, whose message names the cause.
   */
  async answer(
    purpose: Purpose,
    challenges: readonly string[],
    refused: Secret | undefined,
  ): Promise<Secret> {
    const chosen = chooseChallenge(parseChallenges(challenges));
    switch (chosen?.scheme) {
      case undefined:
        throw failure("it answered 401 without asking for Basic or Bearer");
      case "basic":
        return this.#answerBasic(refused);
      case "bearer":
        return await this.#answerBearer(purpose, chosen, refused);
      default:
        return chosen satisfies never;
    }
  }

  #answerBasic(refused: Secret | undefined): Secret {
    const credentials = this.#credentials;
    if (credentials === undefined) throw failure(`it asks for a user: add ${this.#places.user}`);
    const header = basicAuthorization(credentials);
    if (refused?.expose() === header.expose())
      throw failure(`it refused the password of "${credentials.username}"`);
    this.#fixed = header;
    return header;
  }

  #answerBearer(
    purpose: Purpose,
    { realm, service, scope }: Extract<ChosenChallenge, { scheme: "bearer" }>,
    refused: Secret | undefined,
  ): Promise<Secret> {
    if (this.#auth.type === "bearer" && this.#auth.token !== undefined)
      throw failure(`it refused the token ${this.#places.token}`);
    // Our own scopes name what the operation needs; a registry may ask for less on the first request of a push.
    const asked = scope === undefined || scope === "" ? [] : scope.split(" ");
    const scopes = purpose.scopes.length > 0 ? purpose.scopes : asked;
    const question: TokenQuestion = { realm, service, scopes };
    return this.#tokens.obtain(this.#keyOf(purpose), question, refused);
  }

  #keyOf({ client, scopes }: Purpose): string {
    return tokenKey({ client, origin: this.#origin, scopes });
  }
}

const failure = (message: string): DrayageError => new DrayageError("auth-failed", message);
