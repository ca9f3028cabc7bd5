import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";
import type {
  NamedUpstream,
  PullThroughOptions,
  UpstreamTrust,
} from "../../embedded/pull-through/pull-through-options.ts";
import { parseWait } from "../../embedded/quantity.ts";
import type { OptionValues } from "../command.ts";

/** The options of `drayage serve` that make it a pull-through cache. */
export const pullThroughFlags = {
  proxy: {
    type: "string",
    value: "URL",
    help: "be a pull-through cache in front of this registry (http:// or https://)",
  },
  "proxy-form": {
    type: "string",
    choices: ["namespaced", "fixed"],
    default: "namespaced",
    value: "FORM",
    help: "namespaced: X-Registry, ?ns= or the first segment of a name may name an upstream; fixed: names are left as they are",
  },
  upstream: {
    type: "string",
    array: true,
    value: "NAME=URL",
    help: "a further upstream, and the namespace that leads to it",
  },
  "default-ns": {
    type: "string",
    value: "NAME",
    help: "the upstream of names without a namespace (preset: that of --proxy)",
  },
  parking: {
    type: "boolean",
    default: true,
    help: "one fetch for all who miss the same at once; --no-parking: each fetches",
  },
  "park-timeout": {
    type: "string",
    default: "60s",
    value: "TIME",
    help: "longest wait for another client's fetch, then 500",
  },
  fetch: {
    type: "string",
    choices: ["eager", "lazy"],
    default: "eager",
    value: "WHEN",
    help: "eager: a manifest is answered when its blobs are here; lazy: blobs come when asked for",
  },
  revalidate: {
    type: "boolean",
    default: false,
    help: "ask the upstream (HEAD) whether a cached tag still means the same",
  },
  "upstream-ca": {
    type: "string",
    value: "FILE",
    help: "certificate authorities (PEM) to trust at upstreams, besides the system's",
  },
  "upstream-cert": {
    type: "string",
    value: "FILE",
    help: "client certificate (PEM) for upstreams; with --upstream-key",
  },
  "upstream-key": { type: "string", value: "FILE", help: "its key (PEM)" },
  "upstream-insecure": {
    type: "boolean",
    default: false,
    help: "do not check upstreams' certificates",
  },
  "upstream-user": {
    type: "string",
    value: "NAME",
    help: "user at the registry of --proxy; with --upstream-password-env",
  },
  "upstream-password-env": {
    type: "string",
    value: "VARIABLE",
    help: "environment variable that holds the password",
  },
} as const;

type Given = OptionValues<typeof pullThroughFlags>;

/** `undefined` = not a cache; then none of the other options may be given either. */
export function pullThroughOf(
  given: Given,
  environment: NodeJS.ProcessEnv,
): PullThroughOptions | undefined {
  if (given.proxy === undefined && given.upstream.length === 0) {
    refuseLeftovers(given);
    return undefined;
  }
  return {
    url: given.proxy,
    form: given["proxy-form"] === "fixed" ? "fixed" : "namespaced",
    upstreams: given.upstream.map(namedUpstream),
    defaultNamespace: given["default-ns"],
    parking: given.parking,
    parkTimeoutMs: parseWait(given["park-timeout"], "--park-timeout"),
    fetch: given.fetch === "lazy" ? "lazy" : "eager",
    revalidate: given.revalidate,
    trust: trustOf(given),
    credentials: credentialsOf(given, environment),
  };
}

const needProxy = [
  "default-ns",
  "revalidate",
  "upstream-ca",
  "upstream-cert",
  "upstream-key",
  "upstream-insecure",
  "upstream-user",
  "upstream-password-env",
] as const;

function refuseLeftovers(given: Given): void {
  const name = needProxy.find((option) => given[option] !== undefined && given[option] !== false);
  if (name === undefined && given.parking) return;
  const flag = name === undefined ? "--no-parking" : `--${name}`;
  throw new UsageError(`${flag} is for a pull-through cache: give --proxy URL too`);
}

function namedUpstream(text: string): NamedUpstream {
  const at = text.indexOf("=");
  const [name, url] = [text.slice(0, at), text.slice(at + 1)];
  // A namespace is one segment of a name, or a header's value.
  if (at > 0 && url !== "" && /^[\w.:[\]-]+$/.test(name)) return { name, url };
  throw new UsageError(
    `--upstream wants NAME=URL such as registry.example=http://127.0.0.1:5000, not "${text}"`,
  );
}

function trustOf(given: Given): UpstreamTrust {
  const { "upstream-cert": cert, "upstream-key": key, "upstream-ca": ca } = given;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("--upstream-cert and --upstream-key go together: give both");
  }
  return {
    ca: ca === undefined ? undefined : fileText(ca, "--upstream-ca"),
    cert: cert === undefined ? undefined : fileText(cert, "--upstream-cert"),
    key: key === undefined ? undefined : fileText(key, "--upstream-key"),
    insecure: given["upstream-insecure"],
  };
}

function credentialsOf(
  given: Given,
  environment: NodeJS.ProcessEnv,
): PullThroughOptions["credentials"] {
  const { "upstream-user": username, "upstream-password-env": variable } = given;
  if (username === undefined && variable === undefined) return undefined;
  if (username === undefined || variable === undefined) {
    throw new UsageError("--upstream-user and --upstream-password-env go together: give both");
  }
  if (given.proxy === undefined) {
    throw new UsageError("--upstream-user is for the registry of --proxy: give --proxy URL too");
  }
  const password = environment[variable];
  if (password === undefined) {
    throw new UsageError(`--upstream-password-env: there is no variable ${variable}: export it`);
  }
  return { username, password };
}

/** A text file that an option names. */
export function fileText(path: string, flag: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${flag}: cannot read the file (${messageOf(error)})`);
  }
}
