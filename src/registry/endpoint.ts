// A registry entry of the configuration, resolved for use. Source: trace-replay.md 3.4.
import { UsageError } from "../core/errors.ts";
import { isRepositoryName } from "./reference.ts";
import { Secret } from "./secret.ts";

/** An entry as the configuration gives it, files already read: `ca` is PEM text. A string is `host:port` or a URL. */
export type EndpointEntry =
  | string
  | {
      readonly url: string;
      readonly ca?: string | undefined;
      readonly insecure?: boolean | undefined;
      readonly prefix?: string | undefined;
      readonly auth?:
        | {
            readonly type?: "none" | "basic" | "bearer" | undefined;
            readonly username?: string | undefined;
            readonly password?: string | undefined;
            readonly token?: string | undefined;
          }
        | undefined;
    };

export type Credentials = { readonly username: string; readonly password: Secret };

export type EndpointAuth =
  | { readonly type: "none" }
  | { readonly type: "basic"; readonly credentials: Credentials }
  | {
      readonly type: "bearer";
      /** For the token service; anonymous where absent. */
      readonly credentials: Credentials | undefined;
      /** A token given by the user, sent as it is. */
      readonly token: Secret | undefined;
    };

export type Endpoint = {
  /** Position in the list of entries. */
  readonly index: number;
  /** Normal form without credentials, no slash at its end: `origin` + `pathPrefix`. */
  readonly url: string;
  /** `http(s)://host[:port]`, default port left out. */
  readonly origin: string;
  /** Value of the Host field. */
  readonly hostHeader: string;
  /** What stands before `/v2/`: the path of the URL; empty or `/…` without a slash at its end. */
  readonly pathPrefix: string;
  /** What stands before every repository name; empty or `…/`. */
  readonly prefix: string;
  readonly auth: EndpointAuth;
  /** PEM text of certificate authorities that are trusted besides those of the system. */
  readonly ca: string | undefined;
  readonly insecure: boolean;
};

/** Resolves an entry. Throws a UsageError with one line per mistake, none of which repeats a secret. */
export function resolveEndpoint(entry: EndpointEntry, index: number): Endpoint {
  const given = typeof entry === "string" ? { url: entry } : entry;
  const mistakes: string[] = [];
  const url = parseUrl(given.url, mistakes);
  const prefix = repositoryPrefix(given.prefix, mistakes);
  const auth = resolveAuth(given.auth ?? {}, mistakes);
  if (url === undefined || mistakes.length > 0)
    throw new UsageError(mistakes.map((mistake) => `registry[${index}]: ${mistake}`));
  const pathPrefix = url.pathname.replace(/\/+$/, "");
  return {
    index,
    url: `${url.origin}${pathPrefix}`,
    origin: url.origin,
    hostHeader: url.host,
    pathPrefix,
    prefix,
    auth,
    ca: given.ca,
    insecure: given.insecure ?? false,
  };
}

/** The entry in words that may be shown: `registry[1] https://host:5443 (basic as load)`. */
export function describeEndpoint({ index, url, auth, insecure }: Endpoint): string {
  const traits = [...authTraits(auth), ...(insecure ? ["certificate not checked"] : [])];
  return `registry[${index}] ${url}${traits.length === 0 ? "" : ` (${traits.join(", ")})`}`;
}

function authTraits(auth: EndpointAuth): string[] {
  switch (auth.type) {
    case "none":
      return [];
    case "basic":
      return [`basic as ${auth.credentials.username}`];
    case "bearer": {
      if (auth.token !== undefined) return ["bearer, token given"];
      const who = auth.credentials?.username;
      return [who === undefined ? "bearer" : `bearer as ${who}`];
    }
    default:
      return auth satisfies never;
  }
}

// `localhost:5000` parses as a URL of the scheme "localhost:": what has no "://" is a host.
function parseUrl(text: string, mistakes: string[]): URL | undefined {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || url.hostname === "") {
    const shown = text.includes("@") ? "the url" : `"${text}"`;
    mistakes.push(`${shown} is no address: write host:port or http(s)://host[:port][/prefix]`);
    return undefined;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    mistakes.push(`"${url.protocol}//" cannot be spoken to: write http:// or https://`);
  if (url.username !== "" || url.password !== "")
    mistakes.push(
      "the url holds credentials: write them as auth: {type: basic, username, password}",
    );
  if (url.search !== "" || url.hash !== "")
    mistakes.push('the url ends in a query or fragment: leave out what follows "?" or "#"');
  return url;
}

function repositoryPrefix(given: string | undefined, mistakes: string[]): string {
  const name = (given ?? "").replace(/^\/+|\/+$/g, "");
  if (name === "") return "";
  if (!isRepositoryName(name))
    mistakes.push(`prefix "${name}" is no repository name: lower-case letters, digits, ., _, -, /`);
  return `${name}/`;
}

type GivenAuth = NonNullable<Exclude<EndpointEntry, string>["auth"]>;

function resolveAuth(given: GivenAuth, mistakes: string[]): EndpointAuth {
  const { type = "none", token } = given;
  const credentials = resolveCredentials(given, mistakes);
  switch (type) {
    case "none":
      if (credentials !== undefined || token !== undefined)
        mistakes.push("auth has credentials but no type: add type: basic or type: bearer");
      return { type };
    case "basic":
      if (token !== undefined) mistakes.push("auth.token is for type: bearer");
      if (credentials === undefined) {
        mistakes.push("auth of type basic needs username and password");
        return { type: "none" };
      }
      return { type, credentials };
    case "bearer":
      if (token !== undefined && credentials !== undefined)
        mistakes.push("auth takes a token or username and password, not both");
      return { type, credentials, token: token === undefined ? undefined : new Secret(token) };
    default:
      mistakes.push(`auth.type "${String(type satisfies never)}": write none, basic or bearer`);
      return { type: "none" };
  }
}

function resolveCredentials(
  { username, password }: GivenAuth,
  mistakes: string[],
): Credentials | undefined {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined)
    mistakes.push("auth needs username and password together");
  else if (username.includes(":")) mistakes.push('auth.username must not contain ":"');
  return { username: username ?? "", password: new Secret(password ?? "") };
}

/** Value of an Authorization field. */
export function basicAuthorization({ username, password }: Credentials): Secret {
  const pair = Buffer.from(`${username}:${password.expose()}`).toString("base64");
  return new Secret(`Basic ${pair}`);
}
