import { type Seconds, seconds } from "../core/units.ts";
import { apiError } from "./api-error.ts";
import { BasicCredentials, type PasswordFile } from "./htpasswd.ts";
import { originOf } from "./location.ts";
import type { Call, Registry } from "./registry.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { readWholeBody } from "./request-body.ts";
import { TokenService } from "./token-service.ts";

const REALM = "drayage";
const FORM_BYTES_MAX = 65_536;

interface Scope {
  readonly resource: string;
  readonly action: string;
}

/** Who may do what: Basic against a password file, or Bearer tokens of the built-in token service. */
export class AuthGate {
  readonly #passwords: BasicCredentials | undefined;
  readonly #tokens: TokenService | undefined;

  constructor(parts: { passwords: PasswordFile | undefined; tokenTtl: Seconds | undefined }) {
    const { passwords, tokenTtl } = parts;
    this.#passwords = passwords === undefined ? undefined : new BasicCredentials(passwords);
    this.#tokens = tokenTtl === undefined ? undefined : new TokenService(tokenTtl);
  }

  /** `undefined` = come in; otherwise the 401. */
  refusal(registry: Registry, call: Call): Reply | undefined | Promise<Reply | undefined> {
    const header = call.request.headers.authorization;
    const scope = scopeOf(call);
    if (this.#tokens !== undefined) {
      const allowed = this.#tokens.allows(bearerOf(header), scope);
      return allowed === true ? undefined : unauthorized(this.challenge(registry, call, allowed));
    }
    const user = this.#passwords?.userOf(header);
    if (user instanceof Promise) {
      return user.then((name) =>
        name === undefined ? unauthorized(this.challenge(registry, call)) : undefined,
      );
    }
    return user === undefined ? unauthorized(this.challenge(registry, call)) : undefined;
  }

  /** Whether this request may also read another repository: the source of a mount. */
  mayPull(call: Call, name: string): boolean {
    if (this.#tokens === undefined) return true;
    const token = bearerOf(call.request.headers.authorization);
    return this.#tokens.allows(token, { resource: `repository:${name}`, action: "pull" }) === true;
  }

  /** Value of WWW-Authenticate. `allowed` false = the token is good, but not for this. */
  challenge(registry: Registry, call: Call, allowed?: boolean): string {
    if (this.#tokens === undefined) return `Basic realm="${REALM}"`;
    const scope = wantedScope(call);
    const parts = [
      `realm="${originOf(registry, call)}/token"`,
      `service="${REALM}"`,
      ...(scope === undefined ? [] : [`scope="${scope}"`]),
      ...(allowed === false ? [`error="insufficient_scope"`] : []),
    ];
    return `Bearer ${parts.join(",")}`;
  }

  /** `GET /token` with Basic, or `POST` with a form. `undefined` reply = the client went away. */
  async tokenReply(registry: Registry, call: Call): Promise<Reply | undefined> {
    if (this.#tokens === undefined) return noTokens();
    if (call.method === "POST") return this.#formReply(registry, call, this.#tokens);
    const query = new URLSearchParams(call.route.query);
    const user = await this.#identify(call.request.headers.authorization);
    if (user === undefined) return unauthorized(`Basic realm="${REALM}"`);
    const wantsRefresh = query.get("offline_token") === "true";
    return this.#grant(this.#tokens, user, { query, wantsRefresh });
  }

  async #formReply(
    registry: Registry,
    call: Call,
    tokens: TokenService,
  ): Promise<Reply | undefined> {
    const body = await readWholeBody(registry, call, FORM_BYTES_MAX);
    if (body === "aborted") return undefined;
    if (!Buffer.isBuffer(body)) return body;
    const form = new URLSearchParams(body.toString("utf8"));
    const user = await this.#formUser(form, tokens);
    if (user === undefined) return unauthorized(`Basic realm="${REALM}"`);
    return this.#grant(tokens, user, {
      query: form,
      wantsRefresh: form.get("access_type") === "offline",
    });
  }

  async #formUser(form: URLSearchParams, tokens: TokenService): Promise<string | undefined> {
    if (form.get("grant_type") === "refresh_token") {
      return tokens.refreshUser(form.get("refresh_token") ?? "");
    }
    const text = `${form.get("username") ?? ""}:${form.get("password") ?? ""}`;
    return await this.#identify(`Basic ${Buffer.from(text).toString("base64")}`);
  }

  // Without a password file everybody gets a token, whatever the name.
  async #identify(header: string | undefined): Promise<string | undefined> {
    return this.#passwords === undefined ? "anonymous" : await this.#passwords.userOf(header);
  }

  #grant(
    tokens: TokenService,
    user: string,
    asked: { readonly query: URLSearchParams; readonly wantsRefresh: boolean },
  ): Reply {
    // Several scopes come as several parameters or, from older clients, in one with spaces.
    const scopes = asked.query.getAll("scope").flatMap((text) => text.split(" "));
    const token = tokens.accessToken(user, scopes);
    return jsonReply({
      token,
      access_token: token,
      expires_in: tokens.ttl,
      issued_at: new Date().toISOString(),
      refresh_token: asked.wantsRefresh ? tokens.refreshToken(user) : undefined,
    });
  }
}

export const DEFAULT_TOKEN_TTL = seconds(60);

const bearerOf = (header: string | undefined): string =>
  header !== undefined && /^bearer /i.test(header) ? header.slice("bearer ".length).trim() : "";

export const unauthorized = (challenge: string): Reply =>
  apiError("UNAUTHORIZED", "authentication required", { headers: ["WWW-Authenticate", challenge] });

const noTokens = (): Reply =>
  apiError("UNSUPPORTED", "this registry has no token service (--token-auth)", { status: 404 });

function actionOf(method: string): string {
  if (method === "GET" || method === "HEAD") return "pull";
  return method === "DELETE" ? "delete" : "push";
}

// What the request needs. The upload endpoint is push throughout: its GET asks about a push, its DELETE ends one.
function scopeOf(call: Call): Scope | undefined {
  const { type, name } = call.route;
  if (type === "catalog") return { resource: "registry:catalog", action: "*" };
  if (name === "") return undefined;
  const action = type === "upload" ? "push" : actionOf(call.method);
  return { resource: `repository:${name}`, action };
}

// What a client is told to ask for: a push comes with the right to pull, a mount with the right to pull its source.
function wantedScope(call: Call): string | undefined {
  const scope = scopeOf(call);
  if (scope === undefined || !isQuotable(scope.resource)) return undefined;
  const own = `${scope.resource}:${scope.action === "push" ? "pull,push" : scope.action}`;
  const from = new URLSearchParams(call.route.query).get("from");
  return from === null || !isQuotable(from) ? own : `${own} repository:${from}:pull`;
}

/** Names stand here as clients wrote them, unchecked: between quotes, in a line of the answer's head. */
const isQuotable = (text: string): boolean => /^[\x21\x23-\x5b\x5d-\x7e]*$/.test(text);
