// Trust and credentials for the cache or, with the prefix `registry-`, for the upstream. Passwords come from standard input,
// the environment or a file, never from the command line.
import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { EndpointSpec } from "../../registry/client-spec.ts";
import { readCaFile } from "../config/ca-file.ts";
import type { PullGiven } from "./pull-options.ts";
import type { ServerAddress } from "./server-address.ts";

export type ServerAccess = Pick<EndpointSpec, "ca" | "cert" | "key" | "insecure" | "auth">;

type Side = "" | "registry-";
type Environment = {
  readonly env: NodeJS.ProcessEnv;
  /** First line of standard input. */
  readonly readPassword: () => string;
};

export function serverAccess(
  given: PullGiven,
  side: Side,
  address: ServerAddress,
  environment: Environment,
): ServerAccess {
  const ca = given[`${side}ca`];
  const trusted = ca === undefined ? undefined : readCaFile(ca);
  if (trusted?.problem !== undefined)
    throw new UsageError(`--${side}ca ${ca} is no certificate in PEM form: ${trusted.problem}`);
  return {
    ca: trusted?.text,
    ...clientCertificate(given, side),
    insecure: given[`${side}insecure`] ?? false,
    auth: authOf(given, side, address, environment),
  };
}

function clientCertificate(given: PullGiven, side: Side): { cert?: string; key?: string } {
  const cert = given[`${side}cert`];
  const key = given[`${side}key`];
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined)
    throw new UsageError(`--${side}cert and --${side}key go together: give both`);
  return { cert: fileText(cert, `--${side}cert`), key: fileText(key, `--${side}key`) };
}

function fileText(path: string, flag: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${flag}: cannot read ${path} (${messageOf(error)})`);
  }
}

/** Credentials wait until the server asks, for Basic or for a token. */
function authOf(
  given: PullGiven,
  side: Side,
  address: ServerAddress,
  { env, readPassword }: Environment,
): EndpointSpec["auth"] {
  const user = given[`${side}user`];
  const passwordEnv = given[`${side}password-env`];
  const stdin = given[`${side}password-stdin`] ?? false;
  const tokenEnv = given[`${side}token-env`];
  const file = given[`${side}auth-file`];
  const ways = [user, tokenEnv, file].filter((way) => way !== undefined).length;
  if (ways > 1)
    throw new UsageError(
      `--${side}user, --${side}token-env and --${side}auth-file exclude each other: keep one`,
    );
  if (user === undefined && (passwordEnv !== undefined || stdin))
    throw new UsageError(`whose password? Add --${side}user NAME`);
  if (tokenEnv !== undefined)
    return { type: "bearer", token: variable(env, tokenEnv, `--${side}token-env`) };
  if (file !== undefined) return fromAuthFile(file, `--${side}auth-file`, address);
  if (user === undefined) return { type: "none" };
  if (stdin === (passwordEnv !== undefined))
    throw new UsageError(
      `--${side}user wants one of --${side}password-stdin and --${side}password-env VAR`,
    );
  const password =
    passwordEnv === undefined
      ? readPassword()
      : variable(env, passwordEnv, `--${side}password-env`);
  if (password === "")
    throw new UsageError(`--${side}password-stdin: standard input holds no password`);
  return { type: "bearer", username: user, password };
}

function variable(env: NodeJS.ProcessEnv, name: string, flag: string): string {
  const value = env[name];
  if (value === undefined || value === "")
    throw new UsageError(`${flag}: the environment has no variable ${name}`);
  return value;
}

type AuthEntry = {
  readonly auth?: unknown;
  readonly username?: unknown;
  readonly password?: unknown;
  readonly registrytoken?: unknown;
};

/** docker's config.json: `{"auths": {"host:port": {"auth": base64("user:password")}}}`. */
function fromAuthFile(
  path: string,
  flag: string,
  { host, origin }: ServerAddress,
): EndpointSpec["auth"] {
  const entries = authEntries(path, flag);
  const names = [host, origin, `${origin}/`, `${origin}/v2/`, `${host}/v2/`];
  const name = names.find((candidate) => Object.hasOwn(entries, candidate));
  const entry = name === undefined ? undefined : entries[name];
  if (entry === undefined || entry === null)
    throw new UsageError(`${flag}: ${path} has no credentials of ${host} under "auths"`);
  const { auth, username, password, registrytoken } = entry;
  if (typeof registrytoken === "string") return { type: "bearer", token: registrytoken };
  if (typeof username === "string" && typeof password === "string")
    return { type: "bearer", username, password };
  const pair = typeof auth === "string" ? Buffer.from(auth, "base64").toString("utf8") : "";
  const at = pair.indexOf(":");
  if (at <= 0)
    throw new UsageError(
      `${flag}: the credentials of ${host} in ${path} are not user and password`,
    );
  return { type: "bearer", username: pair.slice(0, at), password: pair.slice(at + 1) };
}

function authEntries(path: string, flag: string): Readonly<Record<string, AuthEntry | null>> {
  const text = fileText(path, flag);
  try {
    const { auths } = JSON.parse(text) as { auths?: unknown };
    if (typeof auths === "object" && auths !== null) return { ...auths };
  } catch {
    throw new UsageError(`${flag}: ${path} is not JSON`);
  }
  throw new UsageError(`${flag}: ${path} has no "auths"`);
}
