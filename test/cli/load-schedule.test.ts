import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSchedule, parseRate } from "../../src/cli/load/load-schedule.ts";
import { loadTarget } from "../../src/cli/load/load-target.ts";
import { UsageError } from "../../src/core/errors.ts";
import type { LoadSchedule } from "../../src/workers/feed-plan.ts";
import { loadPacer, scheduledRequests } from "../../src/workers/load-pacer.ts";

for (const { text, rate } of [
  { text: "200", rate: 200 },
  { text: "200/s", rate: 200 },
  { text: "1.5k/s", rate: 1500 },
  { text: "30/m", rate: 0.5 },
]) {
  test(`load: --rate ${text} is ${rate} per second`, () =>
    assert.equal(parseRate(text, "--rate"), rate));
}

const flags = { rate: undefined, steps: undefined, poisson: false };

for (const { name, given, schedule } of [
  { name: "without a rate the loop is closed", given: {}, schedule: { kind: "closed" } },
  {
    name: "a rate is kept for the duration",
    given: { rate: "5/s" },
    schedule: { kind: "constant", rate: 5, seconds: 10 },
  },
  {
    name: "Poisson arrivals have a mean rate",
    given: { rate: "5/s", poisson: true },
    schedule: { kind: "poisson", rate: 5, seconds: 10 },
  },
  {
    name: "steps are rates and ramps with their lengths",
    given: { steps: "0/s..100/s:5s, 100/s:10s, 100/s..500/s:1m" },
    schedule: {
      kind: "steps",
      steps: [
        { from: 0, to: 100, seconds: 5 },
        { from: 100, to: 100, seconds: 10 },
        { from: 100, to: 500, seconds: 60 },
      ],
    },
  },
]) {
  test(`load: ${name}`, () => assert.deepEqual(loadSchedule({ ...flags, ...given }), schedule));
}

for (const { name, given, says } of [
  { name: "a rate that is none", given: { rate: "fast" }, says: /--rate wants a rate/ },
  { name: "a rate of zero", given: { rate: "0/s" }, says: /--rate wants a rate/ },
  { name: "rate and steps", given: { rate: "1", steps: "1:1s" }, says: /exclude each other/ },
  { name: "Poisson without a rate", given: { poisson: true }, says: /--poisson needs/ },
  { name: "a step without a length", given: { steps: "100/s" }, says: /--steps wants RATE:TIME/ },
  { name: "a step that sends nothing", given: { steps: "0/s:1s" }, says: /sends nothing/ },
  {
    name: "a duration beside steps, which have their own",
    given: { steps: "1:1s", duration: "1m" },
    says: /leave --duration out/,
  },
  { name: "a duration of zero", given: { rate: "1", duration: "0" }, says: /longer than 0/ },
]) {
  test(`load: ${name} is refused in one line`, () =>
    assert.throws(
      () => loadSchedule({ ...flags, ...given }),
      (error) =>
        error instanceof UsageError && error.lines.length === 1 && says.test(error.message),
    ));
}

for (const { text, origin, path } of [
  { text: "127.0.0.1:5000", origin: "http://127.0.0.1:5000", path: "/v2/" },
  {
    text: "https://registry.example/v2/a/tags/list?n=5",
    origin: "https://registry.example",
    path: "/v2/a/tags/list?n=5",
  },
  { text: "http://[::1]:8080/x", origin: "http://[::1]:8080", path: "/x" },
]) {
  test(`load: ${text} is asked for ${path}`, () => {
    const target = loadTarget(text, { method: "GET", userAgent: "t/1" });
    assert.deepEqual([target.origin, target.path], [origin, path]);
    assert.ok(target.head.startsWith(`GET ${path} HTTP/1.1\r\nHost: `));
  });
}

const blob = `http://x/v2/a/blobs/sha256:${"0123456789abcdef".repeat(4)}`;

test("load: a body is announced, and its size is read like any other", () => {
  const target = loadTarget("http://x/u", { method: "put", body: "2KiB", userAgent: "t/1" });
  assert.equal(target.bodyBytes, 2048);
  assert.match(target.head, /^PUT \/u HTTP\/1\.1\r\n/);
  assert.match(target.head, /\r\nContent-Length: 2048\r\n\r\n$/);
});

test("load: a POST without a body says so", () => {
  const target = loadTarget("http://x/u", { method: "POST", userAgent: "t/1" });
  assert.equal(target.bodyBytes, 0);
  assert.match(target.head, /\r\nContent-Length: 0\r\n/);
});

test("load: the digest to verify is the URL's", () => {
  const { sha256 } = loadTarget(blob, { method: "GET", verify: true, userAgent: "t/1" });
  assert.equal(sha256, "0123456789abcdef".repeat(4));
});

for (const { text, says, ...flags } of [
  { text: "ftp://x/", method: "GET", says: /is no address/ },
  { text: "http://user:pw@x/", method: "GET", says: /holds credentials/ },
  { text: "http://x/", method: "TRACE", says: /--method must be one of GET, / },
  { text: "http://x/", method: "GET", body: "1KiB", says: /--body goes with --method PUT/ },
  { text: "http://x/", method: "PUT", random: true, says: /add --body SIZE/ },
  { text: "http://x/", method: "PUT", body: "much", says: /--body wants a size such as/ },
  { text: "http://x/", method: "PUT", body: "2TiB", says: /at most 1TiB/ },
  { text: `http://x/${"a".repeat(66_000)}`, method: "GET", says: /too long: .* of 66\d+ bytes/ },
  { text: blob, method: "HEAD", verify: true, says: /--verify goes with --method GET/ },
  { text: "http://x/v2/", method: "GET", verify: true, says: /a URL that ends with the digest/ },
  { text: `${blob}0`, method: "GET", verify: true, says: /a URL that ends with the digest/ },
]) {
  test(`load: ${JSON.stringify(flags)} ${text} is refused`, () =>
    assert.throws(
      () => loadTarget(text, { ...flags, userAgent: "t/1" }),
      (error) => error instanceof UsageError && says.test(error.message),
    ));
}

for (const { name, schedule, count } of [
  { name: "a rate", schedule: { kind: "constant", rate: 50, seconds: 60 }, count: 3000 },
  {
    name: "steps and a ramp from nothing",
    schedule: {
      kind: "steps",
      steps: [
        { from: 0, to: 10, seconds: 10 },
        { from: 10, to: 10, seconds: 1 },
      ],
    },
    count: 60,
  },
  { name: "a closed loop", schedule: { kind: "closed" }, count: null },
] satisfies { name: string; schedule: LoadSchedule; count: number | null }[]) {
  test(`load: ${name} has ${count ?? "no number of"} requests`, () =>
    assert.equal(scheduledRequests(schedule, "0"), count));
}

test("load: Poisson arrivals are counted as they are drawn", () => {
  const schedule = { kind: "poisson", rate: 100, seconds: 10 } as const;
  const pacer = loadPacer(schedule, "7");
  const count = scheduledRequests(schedule, "7") ?? 0;
  assert.notEqual(pacer.dueAt(count - 1), undefined);
  assert.equal(pacer.dueAt(count), undefined);
});
