// Addresses of message servers, as they are typed.
import type { HubCredentials } from "../../cluster/nats/hub.ts";
import { UsageError } from "../../core/errors.ts";

const FORM = "nats://HOST:PORT or tls://HOST:PORT";

function parsed(text: string): URL | undefined {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `nats://${text}`);
  if (url === null || !/^(?:nats|tls):$/.test(url.protocol) || url.hostname === "")
    return undefined;
  return url.pathname.length > 1 ? undefined : url;
}

/** What is wrong with the address of a server in a configuration, where credentials have keys of their own. */
export function addressProblem(text: string): string | undefined {
  const url = parsed(text);
  if (url === undefined) return `expected ${FORM}`;
  if (url.username === "" && url.password === "") return undefined;
  return "no user in the address: write it into cluster.nats.credentials";
}

export type NatsAddresses = {
  readonly servers: readonly string[];
  readonly credentials: HubCredentials | undefined;
};

/** `nats://[user:password@|token@]host[:port]`, several with commas; credentials of the first are those of all. */
export function natsAddresses(text: string, label: string): NatsAddresses {
  const urls = text.split(",").map((each) => {
    const url = parsed(each.trim());
    if (url === undefined) throw new UsageError(`${label} wants ${FORM}, several with commas`);
    return url;
  });
  const [{ username, password } = { username: "", password: "" }] = urls;
  return {
    servers: urls.map(({ protocol, host }) => `${protocol}//${host}`),
    credentials: credentialsIn(decoded(username, label), decoded(password, label)),
  };
}

function decoded(text: string, label: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`${label}: write a % in user, password or token as %25`);
  }
}

function credentialsIn(user: string, password: string): HubCredentials | undefined {
  if (user === "") return undefined;
  if (password === "") return { kind: "token", token: user };
  return { kind: "user", user, password };
}

/** Those of the address, or of a file that was given. Throws UsageError where there are several. */
export function givenCredentials(
  addressed: HubCredentials | undefined,
  { nkey, creds }: { readonly nkey?: string | undefined; readonly creds?: string | undefined },
): HubCredentials | undefined {
  const all = [
    ...(addressed === undefined ? [] : [addressed]),
    ...(nkey === undefined ? [] : [{ kind: "nkey" as const, file: nkey }]),
    ...(creds === undefined ? [] : [{ kind: "creds" as const, file: creds }]),
  ];
  if (all.length > 1)
    throw new UsageError("one of --nkey, --creds and credentials in --nats is enough");
  return all[0];
}
