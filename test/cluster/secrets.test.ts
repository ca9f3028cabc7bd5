import assert from "node:assert/strict";
import { test } from "node:test";
import { hasSecrets, withoutSecrets, withSecretsOf } from "../../src/cluster/secrets.ts";
import type { EndpointSpec } from "../../src/registry/client-spec.ts";

const SECRET = "s3cret";
const endpoint = (own: Partial<EndpointSpec>): EndpointSpec => ({
  origin: "https://registry.example",
  pathPrefix: "",
  namePrefix: "",
  style: { hostHeader: "registry.example", userAgent: "test", keepAlive: true },
  insecure: false,
  auth: { type: "none" },
  ...own,
});

for (const { name, own, variables } of [
  { name: "none at all", own: {}, variables: [] },
  {
    name: "a password",
    own: { auth: { type: "basic", username: "alice", password: SECRET } },
    variables: ["DRAYAGE_REGISTRY_1_PASSWORD"],
  },
  {
    name: "a password that a token is asked for with",
    own: { auth: { type: "bearer", username: "alice", password: SECRET } },
    variables: ["DRAYAGE_REGISTRY_1_PASSWORD"],
  },
  {
    name: "a token",
    own: { auth: { type: "bearer", token: SECRET } },
    variables: ["DRAYAGE_REGISTRY_1_TOKEN"],
  },
  {
    name: "the key of a client certificate",
    own: { cert: "shown to everybody", key: SECRET },
    variables: ["DRAYAGE_REGISTRY_1_KEY"],
  },
] as { name: string; own: Partial<EndpointSpec>; variables: string[] }[]) {
  test(`${name}: stays behind, and is found again in the environment of the node`, () => {
    const endpoints = [endpoint({}), endpoint(own)];
    assert.equal(hasSecrets(endpoints), variables.length > 0);
    const shown = withoutSecrets(endpoints);
    assert.ok(!JSON.stringify(shown).includes(SECRET));
    const env = Object.fromEntries(variables.map((variable) => [variable, SECRET]));
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    assert.deepEqual(plain(withSecretsOf(env, shown)), endpoints);
    const missing = withSecretsOf({}, shown);
    if (variables.length === 0) assert.deepEqual(plain(missing), endpoints);
    else
      assert.match(String(missing), new RegExp(`set ${variables.join(", ")} in its environment`));
  });
}
