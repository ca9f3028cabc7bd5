// The section `cluster.nats` of the configuration: message servers between master and nodes.
import type { HubCredentials } from "../../cluster/nats/hub.ts";
import { seconds } from "../../core/units.ts";
import { Secret } from "../../registry/secret.ts";
import { addressProblem } from "../cluster/nats-address.ts";
import {
  atLeast,
  either,
  key,
  listOf,
  mapping,
  path,
  pushing,
  text,
  whole,
} from "./schema-parts.ts";

const SERVER = "a server such as nats://127.0.0.1:4222";
const KEPT_BYTES = 1024 ** 3;
/** Less would not hold the messages that are under way at once, and a reader that is behind would wait for what is gone. */
const KEPT_BYTES_MIN = 64 * 1024 ** 2;
const KEPT_SECONDS = 24 * 3600;

const server = () =>
  text(SERVER).superRefine((written, context) => {
    const problem = addressProblem(written);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const secret = () => text("a text").transform((written) => new Secret(written));

export const natsMapping = () =>
  mapping({
    servers: key(
      either(`${SERVER}, or a list of them`, [server(), listOf("a list of servers", server())])
        .default("nats://127.0.0.1:4222")
        .transform((servers) => [servers].flat()),
      "Servers of one NATS cluster, as nats://HOST:PORT or tls://HOST:PORT; any that answers will do.",
      pushing,
    ),
    credentials: key(
      mapping({
        token: key(secret().optional(), "Token of the servers.", pushing),
        user: key(text("a text").optional(), "User of the servers.", pushing),
        password: key(secret().optional(), "The user's password.", pushing),
        nkey_file: key(path().optional(), "File with the seed of an nkey.", pushing),
        creds_file: key(path().optional(), "File with a JWT and its nkey.", pushing),
      })
        .superRefine((credentials, context) => {
          const problem = credentialsProblem(credentials);
          if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
        })
        .optional(),
      "Who the servers take us for: one of token, user with password, nkey_file, creds_file.",
      pushing,
    ),
    tls: key(
      mapping({
        ca: key(path().optional(), "Authority of the servers' certificates (PEM).", pushing),
        cert: key(
          path().optional(),
          "Our certificate (PEM), where the servers ask for one.",
          pushing,
        ),
        key: key(path().optional(), "The key of our certificate (PEM).", pushing),
      }).optional(),
      "Certificates of the connection to the servers.",
      pushing,
    ),
    max_bytes: key(
      whole({ min: KEPT_BYTES_MIN }).default(KEPT_BYTES),
      "Bytes that each server keeps of a run at most; a longer run goes on, and cannot be resumed.",
      pushing,
    ),
    max_age: key(
      atLeast(60).default(KEPT_SECONDS).transform(seconds),
      "Seconds after which servers forget what is left of a run whose master was killed.",
      pushing,
    ),
  });

type CredentialsForm = {
  readonly token?: Secret | undefined;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly nkey_file?: string | undefined;
  readonly creds_file?: string | undefined;
};

function credentialsProblem(form: CredentialsForm): string | undefined {
  const { user, password, token, nkey_file, creds_file } = form;
  const ways = [token, user ?? password, nkey_file, creds_file];
  const given = ways.filter((way) => way !== undefined).length;
  if (given !== 1) return "write one of token, user with password, nkey_file, creds_file";
  if ((user === undefined) !== (password === undefined))
    return "user and password go together: write both";
  return undefined;
}

/** As they would be read from a file, for those that were typed. */
export function credentialsForm(credentials: HubCredentials): Parameters<typeof hubCredentials>[0] {
  switch (credentials.kind) {
    case "token":
      return { token: new Secret(credentials.token) };
    case "user":
      return { user: credentials.user, password: new Secret(credentials.password) };
    case "nkey":
      return { nkeyFile: credentials.file };
    case "creds":
      return { credsFile: credentials.file };
    default:
      return credentials satisfies never;
  }
}

/** The credentials, which were checked when they were read. */
export function hubCredentials({
  token,
  user,
  password,
  nkeyFile,
  credsFile,
}: {
  readonly token?: Secret | undefined;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly nkeyFile?: string | undefined;
  readonly credsFile?: string | undefined;
}): HubCredentials | undefined {
  if (token !== undefined) return { kind: "token", token: token.expose() };
  if (nkeyFile !== undefined) return { kind: "nkey", file: nkeyFile };
  if (credsFile !== undefined) return { kind: "creds", file: credsFile };
  if (user === undefined || password === undefined) return undefined;
  return { kind: "user", user, password: password.expose() };
}
