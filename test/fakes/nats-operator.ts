// Who is who for a NATS server in operator mode, without a tool to make it: an operator vouches for an account, the account for
// its users, each by a signed token. Source: NATS JWT claims, version 2.
import { nkeys } from "@nats-io/transport-node";

type Pair = ReturnType<typeof nkeys.createUser>;

export type NatsOperator = {
  /** Lines for the server's configuration. */
  readonly config: string;
  /** The content of a new user's credentials file; `expires` in seconds since the epoch. */
  credentials(expires?: number): string;
};

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

type Claims = {
  readonly sub: string;
  readonly name: string;
  readonly nats: object;
  readonly exp?: number;
};

function token(by: Pair, claims: Claims): string {
  const content = `${encoded({ typ: "JWT", alg: "ed25519-nkey" })}.${encoded({
    jti: claims.sub,
    iat: Math.floor(Date.now() / 1000),
    iss: by.getPublicKey(),
    ...claims,
  })}`;
  return `${content}.${Buffer.from(by.sign(Buffer.from(content))).toString("base64url")}`;
}

const unlimited = { subs: -1, data: -1, payload: -1 };

export function natsOperator(): NatsOperator {
  const [operator, account] = [nkeys.createOperator(), nkeys.createAccount()];
  const ownToken = token(operator, {
    sub: operator.getPublicKey(),
    name: "O",
    nats: { type: "operator", version: 2 },
  });
  const limits = { ...unlimited, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
  const accountToken = token(operator, {
    sub: account.getPublicKey(),
    name: "A",
    nats: { limits, type: "account", version: 2 },
  });
  return {
    config: [
      `operator: "${ownToken}"`,
      "resolver: MEMORY",
      `resolver_preload: { ${account.getPublicKey()}: "${accountToken}" }`,
    ].join("\n"),
    credentials(exp) {
      const user = nkeys.createUser();
      const userToken = token(account, {
        sub: user.getPublicKey(),
        name: "U",
        ...(exp === undefined ? {} : { exp }),
        nats: { pub: {}, sub: {}, ...unlimited, type: "user", version: 2 },
      });
      const seed = Buffer.from(user.getSeed()).toString();
      return [
        ...["-----BEGIN NATS USER JWT-----", userToken, "------END NATS USER JWT------", ""],
        ...["-----BEGIN USER NKEY SEED-----", seed, "------END USER NKEY SEED------", ""],
      ].join("\n");
    },
  };
}
