import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Failure } from "../../../../src/core/failure.ts";
import { clientProfiles, retryRule } from "../../../../src/registry/pull-profile.ts";
import { BodyCheck } from "../../../../src/workers/thread/puller/body-check.ts";
import { failureKind } from "../../../../src/workers/thread/puller/failure-kind.ts";
import { isRetryable, retryPauseMs } from "../../../../src/workers/thread/puller/pull-retry.ts";

const plain = retryRule(3, 500);

for (const { name, rule, failure, status, attempts = 1, again } of [
  { name: "a 503", rule: plain, failure: Failure.http, status: 503, again: true },
  { name: "a 404", rule: plain, failure: Failure.http, status: 404, again: false },
  {
    name: "a wrong digest",
    rule: plain,
    failure: Failure.digest_mismatch,
    status: 200,
    again: false,
  },
  { name: "a broken body", rule: plain, failure: Failure.truncated_body, status: 200, again: true },
  {
    name: "skopeo: a 503",
    rule: clientProfiles.skopeo.retry,
    failure: Failure.http,
    status: 503,
    again: false,
  },
  {
    name: "skopeo: a 429",
    rule: clientProfiles.skopeo.retry,
    failure: Failure.http,
    status: 429,
    again: true,
  },
  {
    name: "skopeo: a broken body",
    rule: clientProfiles.skopeo.retry,
    failure: Failure.truncated_body,
    status: 200,
    again: false,
  },
  {
    name: "containerd: a 503",
    rule: clientProfiles.containerd.retry,
    failure: Failure.http,
    status: 503,
    again: true,
  },
  {
    name: "containerd: a second 503",
    rule: clientProfiles.containerd.retry,
    failure: Failure.http,
    status: 503,
    attempts: 2,
    again: false,
  },
  {
    name: "crane: a 522",
    rule: clientProfiles.crane.retry,
    failure: Failure.http,
    status: 522,
    again: true,
  },
])
  test(`${name} is ${again ? "" : "not "}tried again`, () =>
    assert.equal(isRetryable(rule, { failure, status, attempts }), again));

for (const { attempts, draw, retryAfter, ms } of [
  { attempts: 1, draw: 0.5, retryAfter: undefined, ms: 500 },
  { attempts: 3, draw: 0.5, retryAfter: undefined, ms: 2000 },
  { attempts: 1, draw: 0, retryAfter: undefined, ms: 400 },
  { attempts: 20, draw: 0.5, retryAfter: undefined, ms: 30_000 },
  { attempts: 1, draw: 0.5, retryAfter: "2", ms: 2000 },
  { attempts: 1, draw: 0.5, retryAfter: "3600", ms: 60_000 },
  { attempts: 1, draw: 0.5, retryAfter: "soon", ms: 500 },
])
  test(`after ${attempts} attempts, drawing ${draw}, Retry-After ${retryAfter}: ${ms} ms`, () =>
    assert.equal(Math.round(retryPauseMs(plain, attempts, { draw, retryAfter })), ms));

test("a body has its digest however it is cut, and no other", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(200),
      fc.boolean(),
      (bytes, cut, known) => {
        const body = Buffer.from(bytes);
        const check = new BodyCheck();
        const feed = (): void => {
          check.expect(known ? body.length : -1);
          const at = Math.min(cut, body.length);
          if (at > 0) check.take(body, 0, at);
          if (at < body.length) check.take(body, at, body.length);
        };
        for (const algorithm of ["sha256", "sha512"]) {
          const hex = createHash(algorithm).update(body).digest("hex");
          check.begin(`${algorithm}:${hex}`);
          feed();
          assert.ok(check.matches());
          check.begin(`${algorithm}:${hex.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))}`);
          feed();
          assert.ok(!check.matches());
        }
      },
    ),
  );
});

for (const { failure, status, kind } of [
  { failure: Failure.http, status: 500, kind: "status-5xx" },
  { failure: Failure.http, status: 404, kind: "status-4xx" },
  { failure: Failure.http, status: 403, kind: "auth" },
  { failure: Failure["timeout:idle"], status: 200, kind: "timeout" },
  { failure: Failure.truncated_body, status: 200, kind: "truncated" },
  { failure: Failure.connect, status: 0, kind: "connect" },
])
  test(`failure ${failure} with status ${status} is of kind ${kind}`, () =>
    assert.equal(failureKind({ failure, status, special: "" }), kind));
