// Who the servers of `cluster.nats` take us for: as it is written, and as it is used.
import type { HubCredentials } from "../../cluster/nats/hub.ts";
import { Secret } from "../../registry/secret.ts";

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
