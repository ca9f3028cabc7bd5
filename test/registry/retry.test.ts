import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Failure } from "../../src/core/failure.ts";
import { random } from "../../src/core/random.ts";
import { retryDelayMs } from "../../src/registry/retry.ts";

const rules = { count: 3, backoffMs: 500, on: ["connect", 429, 502, 503, 504] };
const now = Date.parse("Mon, 23 Nov 2026 10:00:00 GMT");
const failed = { code: Failure.http, status: 503, attempts: 1, retryAfter: undefined };
const delay = (
  failure: Partial<Parameters<typeof retryDelayMs>[1]>,
  on: readonly (string | number)[] = rules.on,
): number | undefined =>
  retryDelayMs({ ...rules, on }, { ...failed, ...failure }, random(1), () => now);

for (const { name, failure, on, again } of [
  { name: "503 is tried again", failure: {}, again: true },
  { name: "429 is tried again", failure: { status: 429 }, again: true },
  { name: "500 is not in the list", failure: { status: 500 }, again: false },
  { name: "404 is not in the list", failure: { status: 404 }, again: false },
  { name: "the third attempt is followed by a fourth", failure: { attempts: 3 }, again: true },
  { name: "the fourth attempt was the last", failure: { attempts: 4 }, again: false },
  {
    name: "a refused connection is tried again",
    failure: { code: Failure.connect, status: 0 },
    again: true,
  },
  {
    name: "a connection that takes too long is tried again",
    failure: { code: Failure["timeout:connect"], status: 0 },
    again: true,
  },
  {
    name: "a reset within a response is not in the list",
    failure: { code: Failure.reset, status: 503 },
    again: false,
  },
  {
    name: "any failure kind may be listed",
    failure: { code: Failure.reset, status: 0 },
    on: ["reset"],
    again: true,
  },
  { name: "statuses may be listed as text", failure: {}, on: ["503"], again: true },
  {
    name: "a digest mismatch is never tried again",
    failure: { code: Failure.digest_mismatch, status: 200 },
    again: false,
  },
  {
    name: "an unknown word in the list matches nothing",
    failure: { code: Failure.tls, status: 0 },
    on: ["toString"],
    again: false,
  },
] as {
  name: string;
  failure: Partial<Parameters<typeof retryDelayMs>[1]>;
  on?: (string | number)[];
  again: boolean;
}[]) {
  test(`retry: ${name}`, () => assert.equal(delay(failure, on) !== undefined, again));
}

for (const { retryAfter, wait } of [
  { retryAfter: "2", wait: 2000 },
  { retryAfter: " 0 ", wait: 0 },
  { retryAfter: "3600", wait: 60_000 },
  { retryAfter: "99999999999999999999999", wait: 60_000 },
  { retryAfter: "Mon, 23 Nov 2026 10:00:07 GMT", wait: 7000 },
  { retryAfter: "Mon, 23 Nov 2026 09:59:00 GMT", wait: 0 },
  { retryAfter: "Tue, 24 Nov 2026 10:00:00 GMT", wait: 60_000 },
  { retryAfter: "Monday, 23-Nov-26 10:00:03 GMT", wait: 3000 },
]) {
  test(`retry: Retry-After "${retryAfter}" waits ${wait} ms`, () =>
    assert.equal(delay({ retryAfter }), wait));
}

for (const retryAfter of ["", "soon", "-5", "1.5", "2026-11-23T10:00:03Z"]) {
  test(`retry: Retry-After "${retryAfter}" is no time, so the back-off counts`, () => {
    assert.equal(delay({ retryAfter }), delay({}));
  });
}

test("retry: waits fill the doubling span from zero, and never exceed a minute", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.string(), (attempts, seed) => {
      const wait = retryDelayMs({ ...rules, count: 99 }, { ...failed, attempts }, random(seed));
      assert.ok(wait !== undefined && wait >= 0);
      assert.ok(wait < Math.min(60_000, 500 * 2 ** (attempts - 1)));
    }),
  );
});

test("retry: the same seed waits the same", () => assert.equal(delay({}), delay({})));
