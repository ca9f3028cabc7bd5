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
    credentials: credentialsIn(decodeURIComponent(username), decodeURIComponent(password)),
  };
}

function credentialsIn(user: string, password: string): HubCredentials | undefined {
  if (user === "") return undefined;
  if (password === "") return { kind: "token", token: user };
  return { kind: "user", user, password };
}
