import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Seconds } from "../core/units.ts";

/** What a token allows: `repository:lib/app:pull,push` and so on, one text per scope. */
interface Grant {
  readonly kind: "access" | "refresh";
  readonly user: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Grants of tokens seen before, so that a signature is checked once and not once per request. */
const REMEMBERED_MAX = 10_000;
const REFRESH_MS = 24 * 3_600_000;

/** Makes and checks signed tokens. The key lives as long as the process: tokens of an earlier start are void. */
export class TokenService {
  readonly ttl: Seconds;
  readonly #key = randomBytes(32);
  readonly #seen = new Map<string, Grant>();

  constructor(ttl: Seconds) {
    this.ttl = ttl;
  }

  accessToken(user: string, scopes: readonly string[]): string {
    return this.#sign({ kind: "access", user, scopes, expiresAt: Date.now() + this.ttl * 1000 });
  }

  refreshToken(user: string): string {
    return this.#sign({ kind: "refresh", user, scopes: [], expiresAt: Date.now() + REFRESH_MS });
  }

  /** The user of a refresh token, `undefined` if it is not ours or too old. */
  refreshUser(token: string): string | undefined {
    const grant = this.#grantOf(token);
    return grant?.kind === "refresh" ? grant.user : undefined;
  }

  /** `undefined` = not our token, or expired: 401. */
  allows(
    token: string,
    scope: { resource: string; action: string } | undefined,
  ): boolean | undefined {
    const grant = this.#grantOf(token);
    if (grant === undefined || grant.kind !== "access") return undefined;
    if (scope === undefined) return true;
    return grant.scopes.some((text) => covers(text, scope));
  }

  #grantOf(token: string): Grant | undefined {
    const grant = this.#seen.get(token) ?? this.#read(token);
    return grant !== undefined && grant.expiresAt > Date.now() ? grant : undefined;
  }

  #sign(grant: Grant): string {
    const body = Buffer.from(JSON.stringify(grant)).toString("base64url");
    return `${body}.${this.#signature(body).toString("base64url")}`;
  }

  #read(token: string): Grant | undefined {
    const [body = "", signature = ""] = token.split(".");
    const expected = this.#signature(body);
    const given = Buffer.from(signature, "base64url");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const grant = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Grant;
    if (this.#seen.size >= REMEMBERED_MAX) this.#seen.clear();
    this.#seen.set(token, grant);
    return grant;
  }

  #signature(body: string): Buffer {
    return createHmac("sha256", this.#key).update(body).digest();
  }
}

// A scope is kind:name:actions; the name may contain a colon (host:port), the actions may not.
function covers(
  text: string,
  scope: { readonly resource: string; readonly action: string },
): boolean {
  const colon = text.lastIndexOf(":");
  if (text.slice(0, colon) !== scope.resource) return false;
  const actions = text.slice(colon + 1).split(",");
  return actions.includes(scope.action) || actions.includes("*");
}
