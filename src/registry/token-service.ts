// Asks a token service for Bearer tokens. Source: registry-protocol.md 4 and the token specification of CNCF distribution.
//
//   GET  <realm>?service=…&scope=…[&scope=…][&account=…]      Basic credentials if configured, anonymous else
//   POST <realm>  grant_type=refresh_token | password          after 404 or 405, if there is anything to grant upon
import type { Clock } from "../core/clock.ts";
import { DrayageError } from "../core/errors.ts";
import { type Seconds, seconds } from "../core/units.ts";
import type { ControlFetch, ControlResponse } from "./control-transport.ts";
import { basicAuthorization, type Credentials } from "./endpoint.ts";
import { describeErrorBody } from "./error-body.ts";
import { Secret } from "./secret.ts";

/** What a Bearer challenge announced, and what the token is for. */
export type TokenQuestion = {
  readonly realm: string;
  readonly service: string | undefined;
  /** Like `repository:lib/app:pull`; none for a mere check of the credentials. */
  readonly scopes: readonly string[];
};

export type Token = {
  /** Value of the Authorization field. */
  readonly authorization: Secret;
  readonly life: Seconds;
  readonly refresh: Secret | undefined;
};

export type TokenServiceOptions = {
  readonly fetch: ControlFetch;
  readonly clock: Clock;
  /** Of the registry that announces the service. */
  readonly registryOrigin: string;
  readonly insecure: boolean;
  readonly credentials: Credentials | undefined;
};

/** What a service that tells no life, or a shorter one, is taken to mean. */
const LIFE_SECONDS_MIN = 60;
const CLIENT_ID = "drayage";

export class TokenService {
  /** HTTP requests so far, the failed among them, and the time all of them took. */
  readonly counts = { requests: 0, failed: 0, nanos: 0 };
  readonly #options: TokenServiceOptions;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /** Rejects with a DrayageError: `auth-failed` where the service refused, `target-unreachable` where it is not there. */
  async request(question: TokenQuestion, refresh?: Secret): Promise<Token> {
    const realm = this.#checkedRealm(question.realm);
    let response = await this.#get(realm, question);
    const canPost = refresh !== undefined || this.#options.credentials !== undefined;
    if ((response.status === 404 || response.status === 405) && canPost)
      response = await this.#post(realm, question, refresh);
    if (response.status !== 200) throw this.#refused(realm, response);
    return readToken(response.body, realm);
  }

  /** Credentials go where the registry sends them, but not in clear text where the registry itself is encrypted. */
  #checkedRealm(text: string): URL {
    const { registryOrigin, insecure } = this.#options;
    const realm = URL.parse(text);
    if (realm === null || (realm.protocol !== "http:" && realm.protocol !== "https:"))
      throw failure(`the registry names a token service that is no URL: "${text}"`);
    if (realm.protocol === "http:" && registryOrigin.startsWith("https:") && !insecure)
      throw failure(`${placeOf(realm)} is not encrypted; "insecure: true" on the entry allows it`);
    // They would be sent in place of ours, and shown in messages.
    realm.username = "";
    realm.password = "";
    return realm;
  }

  #get(realm: URL, { service, scopes }: TokenQuestion): Promise<ControlResponse> {
    const { credentials } = this.#options;
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set("service", service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    if (credentials === undefined) return this.#timed({ method: "GET", url: url.href });
    url.searchParams.set("account", credentials.username);
    const headers = { authorization: basicAuthorization(credentials).expose() };
    return this.#timed({ method: "GET", url: url.href, headers });
  }

  #post(realm: URL, { service, scopes }: TokenQuestion, refresh: Secret | undefined) {
    const form = new URLSearchParams({ client_id: CLIENT_ID, access_type: "offline" });
    const { credentials } = this.#options;
    if (refresh !== undefined) {
      form.set("grant_type", "refresh_token");
      form.set("refresh_token", refresh.expose());
    } else if (credentials !== undefined) {
      form.set("grant_type", "password");
      form.set("username", credentials.username);
      form.set("password", credentials.password.expose());
    }
    if (service !== undefined) form.set("service", service);
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return this.#timed({ method: "POST", url: realm.href, headers, body: form.toString() });
  }

  async #timed(request: Parameters<ControlFetch>[0]): Promise<ControlResponse> {
    const { clock, fetch } = this.#options;
    const from = clock.now();
    this.counts.requests++;
    let status = 0;
    try {
      const response = await fetch(request);
      status = response.status;
      return response;
    } catch (error) {
      if (!(error instanceof DrayageError)) throw error;
      const place = placeOf(new URL(request.url));
      throw new DrayageError(error.code, `${place}: ${error.message}`, { cause: error.cause });
    } finally {
      if (status !== 200) this.counts.failed++;
      this.counts.nanos += clock.now() - from;
    }
  }

  #refused(realm: URL, { status, body, headers }: ControlResponse): DrayageError {
    const said = describeErrorBody(body.subarray(0, 4096));
    const [location] = headers("location");
    const leads = location === undefined ? "" : " and leads elsewhere, where credentials do not go";
    const words = said === "" ? "" : `: ${said}`;
    return failure(`${placeOf(realm)} answered ${status}${leads}${words}`);
  }
}

const failure = (message: string): DrayageError => new DrayageError("auth-failed", message);

/** Without the query, which may hold anything. */
const placeOf = (url: URL): string => `the token service ${url.origin}${url.pathname}`;

function readToken(body: Buffer, realm: URL): Token {
  const answer = parseObject(body);
  // What stands here goes into a header line.
  const value = [answer.token, answer.access_token].find(isHeaderText);
  if (value === undefined) throw failure(`${placeOf(realm)} answered without a token`);
  const life = answer.expires_in;
  const refresh = answer.refresh_token;
  return {
    authorization: new Secret(`Bearer ${value}`),
    life: seconds(typeof life === "number" ? Math.max(LIFE_SECONDS_MIN, life) : LIFE_SECONDS_MIN),
    refresh: typeof refresh === "string" && refresh !== "" ? new Secret(refresh) : undefined,
  };
}

const isHeaderText = (value: unknown): value is string =>
  typeof value === "string" && /^[\x21-\x7e]+$/.test(value);

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
