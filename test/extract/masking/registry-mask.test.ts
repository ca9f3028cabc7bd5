import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressMask, withoutPort } from "../../../src/extract/masking/client-address.ts";
import { CryptoPan } from "../../../src/extract/masking/crypto-pan.ts";
import { DistinctValues } from "../../../src/extract/masking/distinct-values.ts";
import { addressBytes, addressText } from "../../../src/extract/masking/ip-address.ts";
import { registryMask } from "../../../src/extract/masking/registry-mask.ts";
import { AgentClients, generalisedAgent } from "../../../src/extract/masking/user-agent.ts";

const policy = {
  method: "hmac-sha256",
  key: Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)),
  random: false,
} as const;
const maskWith = (changes: { keepLibrary?: boolean; style?: "full" | "ibm8" } = {}) =>
  registryMask(policy, {
    style: changes.style ?? "full",
    keepLibrary: changes.keepLibrary ?? false,
    keepTags: ["latest"],
    distinct: new DistinctValues(1 << 20),
  });

test("a repository keeps its depth and equal components stay equal", () => {
  const mask = maskWith();
  const [library = "", nginx] = mask.repository(["library", "nginx"]);
  assert.equal(library, "rb0acfd5a58aca525eb4df4b2");
  assert.equal(nginx?.length, 25);
  assert.deepEqual(mask.repository(["library"]), [library]);
  assert.deepEqual(maskWith({ keepLibrary: true }).repository(["library", "nginx"]), [
    "library",
    nginx,
  ]);
});

test("a masked repository fits into 255 characters and a component keeps 16 digits", () => {
  const mask = maskWith();
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 14 }), (name) => {
      const masked = mask.repository(name);
      assert.equal(masked.length, name.length);
      assert.ok(masked.join("/").length <= 255);
      for (const component of masked) assert.match(component, /^r[0-9a-f]{16,24}$/);
    }),
  );
});

test("digests stay digests of their algorithm, latest stays, and other tags do not", () => {
  const mask = maskWith();
  const digest = `sha256:${"ab".repeat(32)}`;
  assert.match(mask.digest(digest), /^sha256:[0-9a-f]{64}$/);
  assert.notEqual(mask.digest(digest), digest);
  assert.equal(mask.digest(digest), mask.digest(digest));
  assert.match(mask.digest(`sha512:${"ab".repeat(64)}`), /^sha512:[0-9a-f]{128}$/);
  assert.equal(mask.tag("latest"), "latest");
  assert.match(mask.tag("v1.2"), /^t[0-9a-f]{24}$/);
});

test("what a client made up for an algorithm or a method is not shown", () => {
  const mask = maskWith();
  assert.match(mask.digest(`alices-host:${"ab".repeat(40)}`), /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(["GET", "ALICE", "get"].map(mask.method), ["GET", "OTHER", "get"]);
});

test("in the style of the published traces everything has eight digits", () => {
  const mask = maskWith({ style: "ibm8" });
  const texts = [
    ...mask.repository(["a"]),
    mask.tag("v1"),
    mask.digest(`sha256:${"0".repeat(64)}`),
  ];
  for (const text of texts) assert.match(text, /^[0-9a-f]{8}$/);
});

test("the digits of a digest are clear text too", () => {
  const distinct = new DistinctValues(1 << 20);
  const mask = registryMask(policy, { style: "full", keepLibrary: false, keepTags: [], distinct });
  mask.digest(`sha256:${"ab".repeat(32)}`);
  assert.ok(distinct.isClear("ab".repeat(32)));
  assert.ok(!distinct.isClear("cd".repeat(32)));
});

test("sha1-raw has too few digits for a digest and is refused", () => {
  const salted = { method: "sha1-raw", salt: Buffer.from("s"), random: false } as const;
  assert.throws(
    () =>
      registryMask(salted, {
        style: "full",
        keepLibrary: false,
        keepTags: [],
        distinct: new DistinctValues(1 << 20),
      }),
    /too few digits/,
  );
});

const pan = new CryptoPan(
  Buffer.from("1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202", "hex"),
);

for (const { address, gives } of [
  { address: "128.11.68.132", gives: "135.242.180.132" },
  { address: "2001:db8::1", gives: "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e" },
]) {
  test(`Crypto-PAn makes ${gives} of ${address}`, () => {
    assert.equal(pan.pseudonym(address), gives);
  });
}

const sharedBits = (a: Buffer, b: Buffer): number => {
  const bits = (bytes: Buffer) =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const [one, other] = [bits(a), bits(b)];
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
};

for (const { family, address } of [
  { family: "IPv4", address: fc.ipV4() },
  { family: "IPv6", address: fc.ipV6() },
]) {
  test(`two ${family} addresses share as many bits after masking as before`, () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        const before = sharedBits(addressBytes(a), addressBytes(b));
        const masked = [a, b].map((each) => addressBytes(pan.pseudonym(each)));
        assert.equal(sharedBits(masked[0] as Buffer, masked[1] as Buffer), before);
      }),
      { numRuns: 60 },
    );
  });

  test(`${family} bytes become text and the same bytes again`, () => {
    fc.assert(
      fc.property(address, (text) => {
        const bytes = addressBytes(text);
        assert.deepEqual(addressBytes(addressText(bytes)), bytes);
      }),
    );
  });
}

for (const { mode, text, gives } of [
  { mode: "none", text: "192.0.2.17", gives: "192.0.2.17" },
  { mode: "subnet", text: "192.0.2.17", gives: "192.0.2.0" },
  { mode: "subnet", text: "2001:db8:1:2::3", gives: "2001:db8:1::" },
  { mode: "subnet", text: "a-name", gives: "hashed" },
  { mode: "hash", text: "192.0.2.17", gives: "hashed" },
] as const) {
  test(`with --ip ${mode} ${text} becomes ${gives}`, () => {
    const distinct = new DistinctValues(1 << 20);
    assert.equal(addressMask(mode, { policy, hash: () => "hashed", distinct })(text), gives);
  });
}

for (const { text, gives } of [
  { text: "192.0.2.1:443", gives: "192.0.2.1" },
  { text: "[2001:db8::1]:443", gives: "2001:db8::1" },
  { text: "2001:db8::1", gives: "2001:db8::1" },
  { text: "registry.example.org:5000", gives: "registry.example.org" },
  { text: "192.0.2.1", gives: "192.0.2.1" },
]) {
  test(`${text} without its port is ${gives}`, () => assert.equal(withoutPort(text), gives));
}

for (const { agent, gives } of [
  {
    agent:
      "docker/20.10.7 go/go1.13.15 git-commit/b0f5bc3 kernel/5.4.0-77-generic os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.7 \\(linux\\))",
    gives: "docker/20.10 linux amd64",
  },
  { agent: "containerd/v1.7.2", gives: "containerd/1.7" },
  { agent: "Acme-Internal-Puller/3.1 (alice@example.org)", gives: "other" },
  { agent: "curl/8.5.0", gives: "curl/8.5" },
]) {
  test(`the user agent ${agent.slice(0, 30)} becomes ${gives}`, () => {
    assert.equal(generalisedAgent(agent), gives);
  });
}

test("a user agent of too few clients is other", () => {
  const clients = new AgentClients(2);
  for (const client of ["a", "b", "b"]) clients.note("docker/20.10", client);
  for (const client of ["a", "a"]) clients.note("curl/8.5", client);
  assert.deepEqual(
    ["docker/20.10", "curl/8.5"].map((agent) => clients.shown(agent)),
    ["docker/20.10", "other"],
  );
});
