import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { DistinctValues } from "../../../src/extract/masking/distinct-values.ts";
import type { MaskClass, MaskPolicy } from "../../../src/extract/masking/mask-policy.ts";
import { columnMask } from "../../../src/extract/masking/masker.ts";
import { fullHash, keyId } from "../../../src/extract/masking/pseudonym.ts";

const key = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte));
const hmac = { method: "hmac-sha256", key, random: false } as const satisfies MaskPolicy;
const salted = <M extends "sha1-raw" | "sha2-salted">(method: M) => {
  return { method, salt: Buffer.from("chameleon"), random: false } satisfies MaskPolicy;
};

const maskOf = (policy: MaskPolicy, of: MaskClass, uuidShape = false) =>
  columnMask(policy, { of, distinct: new DistinctValues(1 << 20), uuidShape });

for (const { name, policy, of, value, gives } of [
  {
    name: "a salted SHA-256 of 32 digits",
    policy: salted("sha2-salted"),
    of: "user" as const,
    value: "u-alice",
    gives: "6f6b6392e8c03059854a828e7a705a32",
  },
  {
    name: "a salted SHA-1 of 40 digits",
    policy: salted("sha1-raw"),
    of: "user" as const,
    value: "u-alice",
    gives: "d77d30284c05f70300584e19dfda219a4c213db4",
  },
  {
    name: "a keyed pseudonym of a user",
    policy: hmac,
    of: "user" as const,
    value: "u-alice",
    gives: "ef7106c17112b361ab09661591a4146e",
  },
  {
    name: "another one of the same text as a project",
    policy: hmac,
    of: "project" as const,
    value: "u-alice",
    gives: "f78a82edf499a0bfb5e3a908129cf45b",
  },
  {
    name: "a keyed pseudonym of a host",
    policy: hmac,
    of: "host" as const,
    value: "c01-05",
    gives: "dc52a9b39974bec8bffe680147dc30c4",
  },
  {
    name: "a keyed pseudonym of a repository",
    policy: hmac,
    of: "repo" as const,
    value: "library",
    gives: "b0acfd5a58aca525eb4df4b2f7e264ff",
  },
  {
    name: "the value itself without masking",
    policy: { method: "none" } as const,
    of: "user" as const,
    value: "u-alice",
    gives: "u-alice",
  },
]) {
  test(`masking gives ${name}`, () => {
    assert.equal(maskOf(policy, of)(value), gives);
  });
}

test("the id of a key is its first 16 digits under a purpose of its own", () => {
  assert.equal(keyId(key), "cd64142bc849bb1c");
});

for (const method of ["none", "sha1-raw", "sha2-salted", "hmac-sha256"] as const) {
  test(`NULL and the empty text stay empty with ${method}`, () => {
    const policy =
      method === "none" ? { method } : method === "hmac-sha256" ? hmac : salted(method);
    assert.deepEqual([null, ""].map(maskOf(policy, "host")), ["", ""]);
  });
}

test("a pseudonym in the shape of a UUID has the same digits", () => {
  const plain = maskOf(hmac, "uuid")("7b7d261d");
  const shaped = maskOf(hmac, "uuid", true)("7b7d261d");
  assert.match(shaped, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(shaped.replaceAll("-", ""), plain);
});

test("one-shot hashing agrees with the library's HMAC and prefix hash, for any text", () => {
  const classKey = createHmac("sha256", key).update("drayage/mask/v1/tag").digest();
  const keyed = fullHash(hmac, "tag");
  const prefixed = fullHash(salted("sha2-salted"), "tag");
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.nat(9), (part, times) => {
      const text = part.repeat(times);
      assert.equal(keyed(text), createHmac("sha256", classKey).update(text, "utf8").digest("hex"));
      const expected = createHash("sha256").update("chameleon").update(text, "utf8").digest("hex");
      assert.equal(prefixed(text), expected);
    }),
    { numRuns: 40 },
  );
});

test("what was forgotten and is masked again gets the same pseudonym", () => {
  const mask = maskOf(hmac, "name");
  const first = mask("web-1");
  for (let i = 0; i < 70_000; i++) mask(`vm-${i}`);
  assert.equal(mask("web-1"), first);
});
