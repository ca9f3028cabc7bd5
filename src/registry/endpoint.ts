// A registry entry, resolved for use: the configuration has checked it. Source: trace-replay.md 3.4.
import { Secret } from "./secret.ts";

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
  /** `http(s)://host[:port]`, default port left out. */
  readonly origin: string;
  /** What stands before `/v2/`: the path of the URL; empty or `/…` without a slash at its end. */
  readonly pathPrefix: string;
  readonly auth: EndpointAuth;
  /** PEM text of certificate authorities that are trusted besides those of the system. */
  readonly ca: string | undefined;
  readonly insecure: boolean;
};

/** The entry in words that may be shown: `registry[1] https://host:5443 (basic as load)`. */
export function describeEndpoint({ index, origin, pathPrefix, auth, insecure }: Endpoint): string {
  const traits = [...authTraits(auth), ...(insecure ? ["certificate not checked"] : [])];
  const suffix = traits.length === 0 ? "" : ` (${traits.join(", ")})`;
  return `registry[${index}] ${origin}${pathPrefix}${suffix}`;
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

/** Value of an Authorization field. */
export function basicAuthorization({ username, password }: Credentials): Secret {
  const pair = Buffer.from(`${username}:${password.expose()}`).toString("base64");
  return new Secret(`Basic ${pair}`);
}
