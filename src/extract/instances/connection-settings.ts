// Where the database is and who asks, from option, environment, my.cnf and default, in this order.
import { existsSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import type { ClientDefaults, CnfKey } from "./my-cnf.ts";

/** A value and what set it, for error messages. */
type Sourced<Value> = { readonly value: Value; readonly source: string };

export type ConnectionSettings = {
  readonly user: Sourced<string>;
  /** Empty: none is sent. */
  readonly password: Sourced<string>;
  readonly host: Sourced<string>;
  readonly port: Sourced<number>;
  /** Sockets to try before TCP, in this order. */
  readonly sockets: readonly string[];
  /** A socket that was asked for: TCP is not tried. */
  readonly onlySocket: boolean;
  /** Encrypt and verify: by the authority of `caFile` alone, or by those that Node.js knows. */
  readonly tls: { readonly caFile: string | undefined } | undefined;
};

/** What the command line says; `undefined`: nothing. */
export type GivenConnection = {
  readonly user: string | undefined;
  readonly password: Sourced<string> | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly socket: string | undefined;
  readonly ssl: boolean;
  readonly sslCa: string | undefined;
};

const DEFAULT_PORT = 3306;
const DEFAULT_SOCKETS = [
  "/run/mysqld/mysqld.sock",
  "/var/run/mysqld/mysqld.sock",
  "/var/lib/mysql/mysql.sock",
  "/tmp/mysql.sock",
];

export function connectionSettings({
  given,
  env,
  defaults,
}: {
  given: GivenConnection;
  env: NodeJS.ProcessEnv;
  defaults: ClientDefaults;
}): ConnectionSettings {
  const choose = (name: CnfKey, option: string | undefined): Sourced<string> | undefined =>
    from(option, optionSource(name === "user" ? "db-user" : name, { option, env })) ??
    fromEnvironment(env, name) ??
    fromFile(defaults, name);
  const host = choose("host", given.host) ?? { value: "localhost", source: "default" };
  const ownPort = from(given.port?.toString(), "--port") ?? fromEnvironment(env, "port");
  const port = portOf(ownPort ?? fromFile(defaults, "port"));
  const sslCa = choose("ssl-ca", given.sslCa);
  const local = host.value === "localhost" && ownPort === undefined;
  return {
    user: choose("user", given.user) ?? { value: "root", source: "default" },
    password: given.password ??
      fromEnvironment(env, "password") ??
      fromFile(defaults, "password") ?? { value: "", source: "default" },
    host,
    port,
    sockets: given.socket === undefined ? (local ? localSockets(defaults) : []) : [given.socket],
    onlySocket: given.socket !== undefined,
    tls: given.ssl || sslCa !== undefined ? { caFile: sslCa?.value } : undefined,
  };
}

/** Flags may also be given as variables of the environment: which of the two it was, their texts tell. */
export function optionSource(
  flag: string,
  { option, env }: { option: string | undefined; env: NodeJS.ProcessEnv },
): string {
  const variable = `DRAYAGE_${flag.replaceAll("-", "_").toUpperCase()}`;
  return option !== undefined && env[variable] === option ? variable : `--${flag}`;
}

const from = (value: string | undefined, source: string): Sourced<string> | undefined =>
  value === undefined ? undefined : { value, source };

function fromEnvironment(env: NodeJS.ProcessEnv, name: CnfKey): Sourced<string> | undefined {
  const variable = `DRAYAGE_DB_${name.replaceAll("-", "_").toUpperCase()}`;
  const value = env[variable];
  return value === undefined || value === "" ? undefined : { value, source: variable };
}

function fromFile({ values }: ClientDefaults, name: CnfKey): Sourced<string> | undefined {
  const found = values[name];
  return found === undefined ? undefined : { value: found.value, source: found.file };
}

function portOf(text: Sourced<string> | undefined): Sourced<number> {
  if (text === undefined) return { value: DEFAULT_PORT, source: "default" };
  const port = Number(text.value);
  if (!/^\d+$/.test(text.value) || port < 1 || port > 65_535)
    throw new UsageError(
      `the port of the database is "${text.value}" in ${text.source}: want 1 to 65535`,
    );
  return { value: port, source: text.source };
}

function localSockets({ values }: ClientDefaults): string[] {
  const configured = values.socket?.value;
  return [...(configured === undefined ? [] : [configured]), ...DEFAULT_SOCKETS]
    .filter((path) => existsSync(path))
    .slice(0, 1);
}
