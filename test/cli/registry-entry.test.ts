import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { RegistryAuth } from "../../src/cli/config/registry-auth.ts";
import { type ReplayConfig, resolvedConfig } from "../../src/cli/config/replay-config.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import { fileWith, load, mistakesIn } from "./config-file.ts";

const around = (entry: string): string =>
  `trace: {traces: [a]}\nsimulate: {name: x}\nregistry:\n  - ${entry}\n`;

function entryOf(entry: string, env: NodeJS.ProcessEnv = {}): ReplayConfig["registry"][number] {
  const [registry] = load(around(entry), { mode: "simulate", env }).registry;
  assert.ok(registry !== undefined);
  return registry;
}

for (const { entry, origin, path = "", name = "" } of [
  { entry: "localhost:5000", origin: "http://localhost:5000" },
  { entry: '"[::1]:5000"', origin: "http://[::1]:5000" },
  { entry: "http://Registry.Example", origin: "http://registry.example" },
  { entry: "https://registry.example:443/", origin: "https://registry.example" },
  {
    entry: "https://r:5443/artifactory/docker/",
    origin: "https://r:5443",
    path: "/artifactory/docker",
  },
  { entry: "{url: r:5, prefix: team}", origin: "http://r:5", name: "team/" },
  { entry: "{url: r:5, prefix: a-b/c__d/}", origin: "http://r:5", name: "a-b/c__d/" },
]) {
  test(`registry: ${entry} is ${origin}${path}`, () => {
    const registry = entryOf(entry);
    assert.equal(registry.origin, origin);
    assert.equal(registry.pathPrefix, path);
    assert.equal(registry.namePrefix, name);
    assert.equal(registry.insecure, false);
    assert.deepEqual(registry.auth, { type: "none" });
  });
}

const FORM = "expected host:port or http(s)://host[:port][/prefix]";
for (const { entry, says } of [
  { entry: "localhost", says: `4:5: registry[0]: ${FORM}, found "localhost"` },
  { entry: '"localhost:"', says: `4:5: registry[0]: ${FORM}, found "localhost:"` },
  { entry: "localhost:99999", says: `4:5: registry[0]: ${FORM}, found "localhost:99999"` },
  {
    entry: "localhost:0",
    says: '4:5: registry[0]: expected a port from 1 to 65535, found "localhost:0"',
  },
  { entry: "localhost:5000/team", says: `4:5: registry[0]: ${FORM}, found "localhost:5000/team"` },
  { entry: "ftp://r", says: `4:5: registry[0]: ${FORM}, found "ftp://r"` },
  {
    entry: "http://r/v2/",
    says: '4:5: registry[0]: expected a URL without /v2: drayage adds it, found "http://r/v2/"',
  },
  {
    entry: "http://r/?a=b",
    says: '4:5: registry[0]: expected a URL without ? and #, found "http://r/?a=b"',
  },
  { entry: "5000", says: "4:5: registry[0]: expected host:port, a URL or a mapping, found 5000" },
  { entry: "{ca: x}", says: '4:5: "registry[0].url" is missing: expected host:port or a URL' },
  {
    entry: "{url: r:1, prefix: Team}",
    says: '4:24: registry[0].prefix: expected the beginning of a repository name: a-z, 0-9, . _ - and /, found "Team"',
  },
  {
    entry: "{url: r:1, ca: no/such.pem}",
    says: '4:20: registry[0].ca: expected a file with a certificate in PEM form (it does not exist), found "no/such.pem"',
  },
  {
    entry: "{url: r:1, auth: {type: digest}}",
    says: "4:29: registry[0].auth.type: expected one of none, basic, bearer, found text (not shown)",
  },
  {
    entry: "{url: r:1, auth: {username: u}}",
    says: "4:33: registry[0].auth.username: is not used without a type: add type: basic or type: bearer",
  },
  {
    entry: "{url: r:1, auth: {type: basic, username: u}}",
    says: "4:22: registry[0].auth: type: basic needs a password or a password_file",
  },
  {
    entry: "{url: r:1, auth: {type: basic, password: p}}",
    says: "4:22: registry[0].auth: type: basic needs a username",
  },
  {
    entry: "{url: r:1, auth: {type: bearer, password: p}}",
    says: "4:22: registry[0].auth: a password needs a username",
  },
  {
    entry: "{url: r:1, auth: {type: bearer, username: u}}",
    says: "4:22: registry[0].auth: a username needs a password or a password_file",
  },
  {
    entry: "{url: r:1, auth: {type: bearer, token: t, username: u, password: p}}",
    says: "4:44: registry[0].auth.token: takes the place of username and password: keep one",
  },
  {
    entry: "{url: r:1, auth: {type: basic, username: u, password_file: no/such}}",
    says: '4:64: registry[0].auth.password_file: expected a file with the password (it does not exist), found "no/such"',
  },
  { entry: `{url: '\${HOST}:\${PORT}'}`, says: /HOST.*\n.*PORT/ },
  { entry: `{url: 'r:\${}'}`, says: `4:11: \${} is not set in the environment` },
]) {
  test(`registry: ${entry} is refused`, () => {
    const said = mistakesIn(around(entry), { mode: "simulate" }).join("\n");
    if (typeof says === "string") assert.equal(said, `FILE:${says}`);
    else assert.match(said, says);
  });
}

test("registry: variables are filled in below registry, in any string, and nowhere else", () => {
  const env = { HOST: "r", PORT: "5", TEAM: "a" };
  const registry = entryOf(`{url: 'http://\${HOST}:\${PORT}/x', prefix: '\${TEAM}/b'}`, env);
  assert.equal(registry.origin, "http://r:5");
  assert.equal(registry.namePrefix, "a/b/");
  const text = `trace: {traces: ['\${HOST}']}\nsimulate: {name: x}\n`;
  assert.deepEqual(load(text, { mode: "simulate", env }).trace.traces, [`\${HOST}`]);
});

test("registry: a CA is read, with its file", (t) => {
  const certificate = selfSignedCertificate();
  if (certificate === undefined) return t.skip("needs openssl: apt-get install openssl");
  const file = fileWith(certificate.cert, "ca.pem");
  assert.deepEqual(entryOf(`{url: "https://r", ca: ${file}}`).ca, { file, pem: certificate.cert });
});

test("registry: a text form and a mapping stand side by side, in a file of all sections", (t) => {
  const certificate = selfSignedCertificate();
  if (certificate === undefined) return t.skip("needs openssl: apt-get install openssl");
  const text = `client_info:
  client_list: ["localhost:8081", "localhost:8082"]
  port: 8080
  threads: 100
  wait: true
  route: true
  speed: 2            # addition
verbose: true
trace:
  location: /data/data_centers/dal09
  traces: ["prod-dal09-logstash-2017.08.01-*.json"]
  limit: {type: requests, amount: 20}
  arrival: start      # addition
  output: results.json
registry:
  - localhost:5000
  - {url: "https://registry.example:5443", ca: ${fileWith(certificate.cert, "ca.pem")}, auth: {type: basic, username: load, password: "\${REG_PW}"}}
warmup: {output: interm.json, threads: 100, random: true}
simulate: {name: cache.py, args: {cache_size: 8}}
`;
  const { registry, clientInfo, trace, warmup } = load(text, { env: { REG_PW: hush } });
  assert.deepEqual(
    registry.map(({ origin }) => origin),
    ["http://localhost:5000", "https://registry.example:5443"],
  );
  assert.deepEqual(revealed(registry[1]?.auth ?? { type: "none" }), {
    username: "load",
    password: hush,
  });
  assert.equal(clientInfo.route, true);
  assert.equal(clientInfo.speed, 2);
  assert.equal(trace.arrival, "start");
  assert.equal(warmup.random, true);
  const column = (text.split("\n")[16]?.indexOf(`"\${REG_PW}"`) ?? 0) + 1;
  assert.deepEqual(mistakesIn(text), [
    `FILE:17:${column}: \${REG_PW} is not set in the environment`,
  ]);
});

test("registry: a file that holds no certificate is refused", () => {
  const file = fileWith("hello\n", "ca.pem");
  const [said = ""] = mistakesIn(around(`{url: "https://r", ca: ${file}}`), { mode: "simulate" });
  assert.match(
    said,
    /^FILE:4:28: registry\[0\]\.ca: expected a file with a certificate in PEM form \(.*no start line\), found ".*ca\.pem"$/,
  );
});

const hush = "h-u-s-h";
const revealed = (auth: RegistryAuth): unknown => {
  if (auth.type === "none") return {};
  const { username, password } = auth.credentials ?? {};
  return {
    username: username?.expose(),
    password: password?.expose(),
    ...(auth.type === "bearer" ? { token: auth.token?.expose() } : {}),
  };
};

for (const { name, auth, holds } of [
  {
    name: "a password in the file",
    auth: `{type: basic, username: u, password: ${hush}}`,
    holds: { username: "u", password: hush },
  },
  {
    name: "a password from a variable",
    auth: `{type: basic, username: u, password: "\${HUSH}"}`,
    holds: { username: "u", password: hush },
  },
  {
    name: "a password in a file of its own",
    auth: `{type: bearer, username: u, password_file: ${fileWith(`${hush}\n`, "password")}}`,
    holds: { username: "u", password: hush, token: undefined },
  },
  {
    name: "a token",
    auth: `{type: bearer, token: ${hush}}`,
    holds: { username: undefined, password: undefined, token: hush },
  },
]) {
  test(`registry: ${name} can be revealed and does not show`, () => {
    const text = around(`{url: r:1, auth: ${auth}}`);
    const config = load(text, { mode: "simulate", env: { HUSH: hush } });
    assert.deepEqual(revealed(config.registry[0]?.auth ?? { type: "none" }), holds);
    for (const shown of [
      JSON.stringify(config),
      JSON.stringify(resolvedConfig(config)),
      inspect(config, { depth: null, showHidden: true }),
      `${Object.values(config.registry[0]?.auth ?? {})}`,
    ])
      assert.equal(shown.includes(hush), false, shown);
  });
}

test("registry: bearer without credentials asks anonymously", () => {
  assert.deepEqual(entryOf("{url: r:1, auth: {type: bearer}}").auth, {
    type: "bearer",
    credentials: undefined,
    token: undefined,
  });
});

for (const entry of [
  `http://user:${hush}@r:1`,
  `user:${hush}@r:1`,
  `{url: "http://user:${hush}/x@r:1"}`,
  `{url: r:1, auth: ${hush}}`,
  `{url: r:1, auth: [${hush}]}`,
  `{url: r:1, auth: {type: ${hush}}}`,
  `{url: r:1, auth: {type: basic, username: [${hush}], password: ${hush}}}`,
  `{url: r:1, auth: {type: basic, username: ${hush}}}`,
  `{url: r:1, auth: {type: basic, token: ${hush}, passwd: ${hush}}}`,
  `{url: r:1, auth: {password: "${hush}"${hush}}}`,
  `{url: r:1, auth: {password: "${hush}}}`,
  `{url: r:1, auth: {password: *${hush}}}`,
  `{url: r:1, auth: {password: "\\q${hush}"}}`,
  `{url: r:1, auth: {password: "x" }${hush}}`,
  `{url: r:1, auth: {password: !${hush} x}}`,
  `{url: r:1, auth: {password: @${hush}}}`,
  `{url: "\${HUSH}"}`,
  `{url: r:1, prefix: "\${HUSH}!"}`,
  `{url: r:1, ca: "\${HUSH}"}`,
]) {
  test(`registry: no message about ${entry} shows the credential`, () => {
    const said = mistakesIn(around(entry), { mode: "simulate", env: { HUSH: hush } });
    assert.ok(said.length > 0);
    assert.equal(said.join("\n").includes(hush), false, said.join("\n"));
  });
}
