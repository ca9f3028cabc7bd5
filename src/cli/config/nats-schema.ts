// The section `cluster.nats` of the configuration: message servers between master and nodes.
import { seconds } from "../../core/units.ts";
import { Secret } from "../../registry/secret.ts";
import { addressProblem } from "../cluster/nats-address.ts";
import { natsDefaults } from "./cluster-defaults.ts";
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
/** Less would not hold the messages that are under way at once, and a reader that is behind would wait for what is gone. */
const KEPT_BYTES_MIN = 64 * 1024 ** 2;

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
        .default(natsDefaults.servers[0])
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
      whole({ min: KEPT_BYTES_MIN }).default(natsDefaults.maxBytes),
      "Bytes that each server keeps of a run at most; a longer run goes on, and cannot be resumed.",
      pushing,
    ),
    max_age: key(
      atLeast(60).default(natsDefaults.maxAge).transform(seconds),
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
