import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCombinedLine } from "../../../src/extract/registry-log/combined-log.ts";
import { readDistributionLine } from "../../../src/extract/registry-log/distribution-log.ts";
import { readGoDuration } from "../../../src/extract/registry-log/go-duration.ts";
import { after, before, readLogTime } from "../../../src/extract/registry-log/log-entry.ts";
import { formatOfLine } from "../../../src/extract/registry-log/log-format.ts";
import { logLines } from "../../../src/extract/registry-log/log-lines.ts";
import { nginxReader } from "../../../src/extract/registry-log/nginx-log.ts";
import { readRegistryTarget } from "../../../src/extract/registry-log/registry-path.ts";

for (const { text, gives } of [
  { text: "812.506µs", gives: 812_506 },
  { text: "13.194815ms", gives: 13_194_815 },
  { text: "1m2.5s", gives: 62_500_000_000 },
  { text: "1h0m0.000000001s", gives: 3_600_000_000_001 },
  { text: "0s", gives: 0 },
  { text: "35ns", gives: 35 },
  { text: "", gives: undefined },
  { text: "5", gives: undefined },
  { text: "5ms!", gives: undefined },
]) {
  test(`the duration "${text}" is ${gives} ns`, () => assert.equal(readGoDuration(text), gives));
}

test("a time minus a duration plus the duration is the time, to the nanosecond", () => {
  const time = fc.record({ us: fc.nat(2 ** 50), ns: fc.nat(999) });
  fc.assert(
    fc.property(time, fc.nat(10 ** 12), (end, durationNs) => {
      const start = before(end, durationNs);
      assert.deepEqual(after(start, durationNs), { ...end });
      const exact = (at: { us: number; ns: number }) => BigInt(at.us) * 1000n + BigInt(at.ns);
      assert.equal(exact(end) - exact(start), BigInt(durationNs));
      assert.ok(start.ns >= 0 && start.ns < 1000);
    }),
  );
});

test("nine digits of a second are kept", () => {
  assert.deepEqual(readLogTime("1970-01-01T00:00:01.123456789Z"), { us: 1_123_456, ns: 789 });
  assert.deepEqual(readLogTime("1970-01-01T02:00:01+02:00"), { us: 1_000_000, ns: 0 });
  for (const text of ["yesterday", "2026-02-31T00:00:00Z", "2026-13-01T00:00:00+01:00"])
    assert.equal(readLogTime(text), undefined, text);
});

const completed = {
  msg: "response completed",
  time: "2026-11-23T06:56:40.316527011Z",
  "http.request.host": "127.0.0.1:5871",
  "http.request.id": "c9bc2056",
  "http.request.method": "GET",
  "http.request.remoteaddr": "127.0.0.1:44004",
  "http.request.uri": "/v2/",
  "http.request.useragent": "docker/20.10",
  "http.response.duration": "957.654µs",
  "http.response.status": 200,
  "http.response.written": 2,
};

test("a completed request of distribution has its time, duration and bytes", () => {
  const result = readDistributionLine(JSON.stringify(completed));
  assert.equal(result.kind, "entry");
  assert.ok(result.kind === "entry");
  assert.equal(result.entry.durationNs, 957_654);
  assert.equal(result.entry.responseBytes, 2);
  assert.equal(result.entry.quality, "exact");
});

for (const { name, line, kind } of [
  {
    name: "another message",
    line: JSON.stringify({ ...completed, msg: "authorized" }),
    kind: "other",
  },
  {
    name: "a completed message without a status",
    line: JSON.stringify({ ...completed, "http.response.status": undefined }),
    kind: "other",
  },
  { name: "half a line", line: JSON.stringify(completed).slice(0, 80), kind: "malformed" },
  {
    name: "a time of no calendar",
    line: JSON.stringify({ ...completed, time: "x" }),
    kind: "malformed",
  },
]) {
  test(`${name} in distribution's log is ${kind}`, () => {
    assert.equal(readDistributionLine(line).kind, kind);
  });
}

test("the bytes of a PUT in distribution's log are not the object's, so they are absent", () => {
  const result = readDistributionLine(
    JSON.stringify({ ...completed, "http.request.method": "PUT", "http.response.written": 0 }),
  );
  assert.ok(result.kind === "entry");
  assert.equal(result.entry.responseBytes, undefined);
});

const combined =
  '127.0.0.1 - - [23/Nov/2026:06:56:40 +0100] "GET /v2/a/blobs/sha256:00 HTTP/1.1" 200 157 "http://secret" "doc\\"ker/1"';

test("a line of the combined format is read, its referer is not", () => {
  const result = readCombinedLine(combined);
  assert.ok(result.kind === "entry");
  assert.equal(result.entry.time.us, Date.UTC(2026, 10, 23, 5, 56, 40) * 1000);
  assert.equal(result.entry.responseBytes, 157);
  assert.equal(result.entry.agent, 'doc"ker/1');
  assert.ok(!JSON.stringify(result).includes("secret"));
});

test("a line of the combined format with a day that no calendar has cannot be read", () => {
  assert.equal(readCombinedLine(combined.replace("23/Nov", "31/Feb")).kind, "malformed");
});

test("nginx's lines are read by the text of their format, with its escapes", () => {
  const read = nginxReader(
    '$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent "$http_user_agent" $request_time',
    "remote_addr",
  );
  const result = read(
    '10.1.2.3 [2026-11-23T06:56:40+00:00] "GET /v2/a/manifests/v1 HTTP/1.1" 200 99 "a\\x22b" 0.250',
  );
  assert.ok(result.kind === "entry");
  assert.equal(result.entry.agent, 'a"b');
  assert.equal(result.entry.durationNs, 250_000_000);
  assert.equal(result.entry.target, "/v2/a/manifests/v1");
  assert.equal(read("something else").kind, "malformed");
});

test("nginx's JSON lines are read by the names of its variables", () => {
  const line = JSON.stringify({
    msec: "1700000000.123",
    remote_addr: "10.0.0.1",
    http_x_forwarded_for: "192.0.2.9, 10.0.0.1",
    request_method: "PUT",
    request_uri: "/v2/a/blobs/uploads/1?digest=sha256:0",
    status: "201",
    content_length: "512",
    request_time: "0.100",
    request_id: "r1",
  });
  const result = nginxReader(undefined, "http_x_forwarded_for")(line);
  assert.ok(result.kind === "entry");
  assert.equal(result.entry.client, "192.0.2.9");
  assert.equal(result.entry.requestBytes, 512);
  assert.deepEqual(result.entry.time, { us: 1_700_000_000_123_000, ns: 0 });
  assert.equal(formatOfLine(line), "nginx");
  assert.equal(formatOfLine(combined), "combined");
  assert.equal(formatOfLine(JSON.stringify(completed)), "distribution");
  assert.equal(formatOfLine("what is this"), undefined);
});

for (const { target, gives } of [
  { target: "/v2/", gives: { kind: "ping" } },
  { target: "/v2", gives: { kind: "ping" } },
  { target: "/v2/_catalog?n=5", gives: { kind: "catalog" } },
  {
    target: "/v2/a/b/c/manifests/latest",
    gives: { kind: "manifests", name: ["a", "b", "c"], reference: "latest" },
  },
  {
    target: "/v2/blobs/blobs/sha256:00",
    gives: { kind: "blobs", name: ["blobs"], reference: "sha256:00" },
  },
  { target: "/v2/a/blobs/uploads/", gives: { kind: "uploads", name: ["a"], id: "" } },
  { target: "/v2/a/blobs/uploads/77?_state=x", gives: { kind: "uploads", name: ["a"], id: "77" } },
  { target: "/v2/a/tags/list", gives: { kind: "tags", name: ["a"] } },
  {
    target: "http://proxy/v2/a/referrers/sha256:00",
    gives: { kind: "referrers", name: ["a"], reference: "sha256:00" },
  },
  { target: "/v1/search", gives: undefined },
  { target: "/v2/a", gives: undefined },
  { target: "/v2/manifests/latest", gives: undefined },
  { target: "/v2//manifests/latest", gives: undefined },
]) {
  test(`the path ${target} is ${gives?.kind ?? "not of the API"}`, () => {
    assert.deepEqual(readRegistryTarget(target)?.path, gives);
  });
}

test("of the query only what is known is kept", () => {
  const target = readRegistryTarget(
    "/v2/a/blobs/uploads/7?_state=secret&digest=sha256%3A00&token=x",
  );
  assert.deepEqual(target?.query, [["digest", "sha256:00"]]);
});

test("lines of a log are the same however its bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[aé ]{0,9}$/), { minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      async (lines, size) => {
        const bytes = Buffer.from(`${lines.join("\n")}\n`);
        const pieces = async function* (): AsyncGenerator<Buffer> {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        };
        const read: (string | undefined)[] = [];
        for await (const some of logLines(pieces())) read.push(...some);
        assert.deepEqual(read, lines);
      },
    ),
    { numRuns: 50 },
  );
});

test("nginx: a format with a text at its end takes what stands before it, and a broken line costs one pass", () => {
  const format = '$remote_addr $msec $request_method $request_uri $status "$http_user_agent"';
  const read = nginxReader(format, "remote_addr");
  const fitting = read('10.0.0.1 1511418900.125 GET /v2/ 200 "docker/17 a "b" c"');
  assert.equal(fitting.kind, "entry");
  assert.equal(fitting.kind === "entry" && fitting.entry.agent, 'docker/17 a "b" c');
  const cut = `10.0.0.1 1511418900.125 GET /v2/ 200 ${"a ".repeat(2_000)}`;
  assert.equal(read(cut).kind, "malformed");
});
