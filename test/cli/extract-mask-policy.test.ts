// Which method and which secret the options and the environment come to. Source: extract.md 1.3, 6.1.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseMaskPolicy } from "../../src/cli/extract/mask-policy-choice.ts";

const folder = mkdtempSync(join(tmpdir(), "drayage-mask-policy-"));
after(() => rmSync(folder, { recursive: true }));

const KEY = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte));
function file(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}
const hexKey = file("hex.key", `${KEY.toString("hex")}\n`);
const rawKey = file("raw.key", Buffer.concat([KEY, Buffer.from("\r\n")]));
const shortKey = file("short.key", "fifteen letters");
const openKey = file("open.key", KEY, 0o640);
const saltFile = file("salt", "a salt of 24 bytes, long\n", 0o644);

type Given = Parameters<typeof chooseMaskPolicy>[0];
const nothing: Given = {
  masking: undefined,
  salt: undefined,
  "hashed-masking-method": undefined,
  "hashed-masking-salt": undefined,
  "salt-file": undefined,
  "key-file": undefined,
  "insecure-file-mode": false,
  "uuid-shape": false,
  time: undefined,
  "time-shift": undefined,
  "time-round": 0,
  "allow-leaks": [],
  "min-k": 0,
};

function chosen(given: Partial<Given>, env: NodeJS.ProcessEnv = {}) {
  const said: string[] = [];
  const notice = (line: string): void => void said.push(line);
  const policy = chooseMaskPolicy({ ...nothing, ...given }, { env, notice });
  const [salt, key] = [
    "salt" in policy ? policy.salt : undefined,
    "key" in policy ? policy.key : undefined,
  ];
  return { method: policy.method, random: "random" in policy && policy.random, salt, key, said };
}

for (const { name, given, env, method, random = false, secret, says } of [
  { name: "nothing", given: {}, method: "hmac-sha256", random: true, says: /no key given.*random/ },
  { name: "a salt", given: { salt: "a salt of 16 byte" }, method: "sha2-salted", says: /^$/ },
  { name: "a key", given: { "key-file": hexKey }, method: "hmac-sha256", secret: KEY, says: /^$/ },
  { name: "a key of bytes", given: { "key-file": rawKey }, method: "hmac-sha256", secret: KEY },
  {
    name: "a key and a salt",
    given: { "key-file": hexKey, salt: "a salt of 16 byte" },
    method: "hmac-sha256",
    says: /^notice: the salt is not used: hmac-sha256 has none$/,
  },
  {
    name: "a method that has no use for the key",
    given: { "salt-file": saltFile, masking: "sha1-raw" },
    env: { DRAYAGE_MASK_KEY: KEY.toString("hex") },
    method: "sha1-raw",
    secret: Buffer.from("a salt of 24 bytes, long"),
    says: /^notice: the key is not used: sha1-raw has none$/,
  },
  {
    name: "a salted method without salt",
    given: { "hashed-masking-method": "sha1-raw" },
    method: "sha1-raw",
    random: true,
    says: /no salt given.*random/,
  },
  {
    name: "an empty salt",
    given: { masking: "sha1-raw", salt: "" },
    method: "sha1-raw",
    secret: Buffer.alloc(0),
    says: /a salt of 0 bytes can be guessed/,
  },
  {
    name: "the salt that everybody knows",
    given: { "hashed-masking-salt": "chameleon" },
    method: "sha2-salted",
    says: /"chameleon" is publicly known/,
  },
  {
    name: "a key of the environment",
    given: {},
    env: { DRAYAGE_MASK_KEY: KEY.toString("hex") },
    method: "hmac-sha256",
    secret: KEY,
  },
  {
    name: "a key file of the environment, before a key",
    given: {},
    env: { DRAYAGE_MASK_KEY_FILE: rawKey, DRAYAGE_MASK_KEY: "ff".repeat(32) },
    method: "hmac-sha256",
    secret: KEY,
  },
  { name: "none", given: { masking: "none" }, method: "none", says: /^$/ },
] satisfies readonly {
  name: string;
  given: Partial<Given>;
  env?: NodeJS.ProcessEnv;
  method: string;
  random?: boolean;
  secret?: Buffer;
  says?: RegExp;
}[]) {
  test(`${name} means ${method}${random ? " with a secret that is forgotten" : ""}`, () => {
    const found = chosen(given, env);
    assert.equal(found.method, method);
    assert.equal(found.random, random);
    if (secret !== undefined) assert.deepEqual(found.key ?? found.salt, secret);
    if (random) assert.equal((found.key ?? found.salt)?.length, 32);
    assert.match(found.said.join("\n"), says ?? /^$/);
  });
}

for (const { name, given, env, says } of [
  { name: "a key of 15 bytes", given: { "key-file": shortKey }, says: /has 15 bytes and needs/ },
  { name: "a key that others may read", given: { "key-file": openKey }, says: /chmod 600/ },
  {
    name: "a key of the environment that is no hexadecimal text",
    given: {},
    env: { DRAYAGE_MASK_KEY: "s3cret" },
    says: /^DRAYAGE_MASK_KEY wants pairs of hexadecimal digits$/,
  },
  {
    name: "two methods",
    given: { masking: "none", "hashed-masking-method": "sha1-raw" },
    says: /contradict each other/,
  },
  { name: "two salts", given: { salt: "a", "salt-file": saltFile }, says: /given twice/ },
] satisfies readonly {
  name: string;
  given: Partial<Given>;
  env?: NodeJS.ProcessEnv;
  says: RegExp;
}[]) {
  test(`${name} is refused`, () => {
    assert.throws(() => chosen(given, env), { name: "UsageError", message: says });
  });
}

test("a key that others may read is taken with --insecure-file-mode", () => {
  assert.deepEqual(chosen({ "key-file": openKey, "insecure-file-mode": true }).key, KEY);
});
