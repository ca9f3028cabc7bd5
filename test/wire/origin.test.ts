import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { connectTarget } from "../../src/wire/origin.ts";

const origins = [
  [
    "http://registry.example",
    "registry.example",
    80,
    "registry.example",
    "http://registry.example",
  ],
  [
    "HTTP://Registry.Example:80/",
    "registry.example",
    80,
    "registry.example",
    "http://registry.example",
  ],
  [
    "https://registry.example",
    "registry.example",
    443,
    "registry.example",
    "https://registry.example",
  ],
  [
    "https://registry.example:80",
    "registry.example",
    80,
    "registry.example:80",
    "https://registry.example:80",
  ],
  ["http://127.0.0.1:5000", "127.0.0.1", 5000, "127.0.0.1:5000", "http://127.0.0.1:5000"],
  ["http://[::1]:5000", "::1", 5000, "[::1]:5000", "http://[::1]:5000"],
  ["https://[2001:DB8::0:1]", "2001:db8::1", 443, "[2001:db8::1]", "https://[2001:db8::1]"],
] as const;

for (const [text, host, port, hostHeader, origin] of origins) {
  test(`origin: ${text}`, () => {
    const target = connectTarget(text);
    assert.deepEqual(
      [target.host, target.port, target.hostHeader, target.origin],
      [host, port, hostHeader, origin],
    );
    assert.equal(target.tls !== undefined, origin.startsWith("https:"));
    assert.ok(target.label.endsWith(`:${port}`));
  });
}

const refused = [
  ["registry.example:5000", /write http:\/\/host\[:port\]/],
  ["ftp://registry.example", /write http:\/\/host\[:port\]/],
  ["http://", /is no origin/],
  ["http://registry.example:70000", /is no origin/],
  ["http://registry.example/v2", /more than an origin: write http:\/\/registry\.example$/],
  ["http://registry.example?x", /more than an origin/],
  ["http://user:secret@registry.example", /^the address of registry\.example holds credentials: /],
  ["http://:secret@registry.example", /^the address of registry\.example holds credentials: /],
] as const;

for (const [text, message] of refused) {
  test(`origin refuses ${text}`, () => {
    assert.throws(
      () => connectTarget(text),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test("origin: a CA that is no certificate is refused at once", () => {
  const ca = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
  assert.throws(() => connectTarget("https://registry.example", { ca }), UsageError);
});
