// drayage extract registry-log from its command line.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { verbs } from "../../../src/cli/commands.ts";
import { drayage } from "../../cli/fake-terminal.ts";
import { scratch } from "../golden-events.ts";

type Variables = Readonly<Record<string, string>>;

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const upload = "/v2/team/app/blobs/uploads/9c1e4b52";
const line = (second: number, variables: Variables): Variables => ({
  msec: `${1_700_000_000 + second}.000`,
  remote_addr: "10.1.2.3",
  status: "202",
  request_time: "0.010",
  content_length: "",
  ...variables,
});
const patch = (second: number, variables: Variables): Variables =>
  line(second, { request_method: "PATCH", request_uri: `${upload}?_state=x`, ...variables });
const put = (second: number, variables: Variables): Variables =>
  line(second, {
    request_method: "PUT",
    request_uri: `${upload}?_state=y&digest=${digest("a")}`,
    status: "201",
    content_length: "0",
    ...variables,
  });

const blobOf = (second: number, body_bytes_sent: string): Variables =>
  line(second, {
    request_method: "GET",
    request_uri: `/v2/team/app/blobs/${digest("a")}`,
    status: "200",
    body_bytes_sent,
  });

/** Extracts lines of nginx and returns the records, and what was said. */
async function extracted(
  t: TestContext,
  lines: readonly Variables[],
  args: readonly string[] = [],
) {
  const folder = scratch(t);
  const [log, output] = [join(folder, "access.log"), join(folder, "trace")];
  writeFileSync(log, lines.map((each) => `${JSON.stringify(each)}\n`).join(""));
  const said = await drayage(["extract", "registry-log", log, "-o", output, ...args], { verbs });
  const records = existsSync(output) ? JSON.parse(readFileSync(output, "utf8")) : [];
  return { folder, output, said, records };
}

for (const { name, lines, written, source } of [
  {
    name: "the end of its Content-Range",
    lines: [patch(1, { http_content_range: "0-1023" }), put(2, {})],
    written: 1024,
    source: "content-range",
  },
  {
    name: "the Content-Range of its last part",
    lines: [
      patch(1, { http_content_range: "0-1023", content_length: "1024" }),
      patch(2, { http_content_range: "1024-4095", content_length: "3072" }),
      put(3, {}),
    ],
    written: 4096,
    source: "content-range",
  },
  {
    name: "Content-Range and what the PUT brings",
    lines: [patch(1, { http_content_range: "bytes 0-999/*" }), put(2, { content_length: "24" })],
    written: 1024,
    source: "content-range",
  },
  {
    name: "the sum of its parts",
    lines: [patch(1, { content_length: "700" }), patch(2, { content_length: "300" }), put(3, {})],
    written: 1000,
    source: "parts",
  },
  {
    name: "the body of the only request",
    lines: [put(1, { content_length: "512" })],
    written: 512,
    source: undefined,
  },
  {
    name: "a later GET of the digest where parts do not tell",
    lines: [patch(1, {}), put(2, { content_length: "77" }), blobOf(3, "9000")],
    written: 9000,
    source: "same-digest",
  },
  {
    name: "the largest GET of the digest, since some break off",
    lines: [patch(1, {}), put(2, {}), blobOf(3, "9000"), blobOf(4, "50")],
    written: 9000,
    source: "same-digest",
  },
  {
    name: "roughly that of its only request, head included, and said to be so",
    lines: [put(1, { content_length: "", request_length: "700" })],
    written: 700,
    source: "request-length",
  },
  { name: "not known without parts", lines: [put(1, {})], written: undefined, source: undefined },
  {
    name: "not known when a part was refused",
    lines: [patch(1, { http_content_range: "0-1023", status: "416" }), put(2, {})],
    written: undefined,
    source: undefined,
  },
]) {
  test(`the size of an upload is ${name}`, async (t) => {
    const { records, said } = await extracted(t, lines);
    assert.equal(said.exit, 0, said.err);
    const record = records.find(
      (each: Record<string, unknown>) => each["http.request.method"] === "PUT",
    );
    assert.equal(record["http.response.written"], written);
    assert.equal(record["drayage.size_source"], source);
  });
}

const spread = [0, 3600, 7200, 90_000].map((second) =>
  line(second, { request_method: "GET", request_uri: "/v2/", status: "200", body_bytes_sent: "2" }),
);

test("--shard-hours writes a file for each, one manifest, and is verified as a whole", async (t) => {
  const key = ["--key-file", join(scratch(t), "mask.key")];
  await drayage(["keygen", key[1] as string], { verbs });
  const options = [...key, "--time", "absolute", "--shard-hours", "2"];
  const { folder, output, said } = await extracted(t, spread, options);
  assert.equal(said.exit, 0, said.err);
  const names = readdirSync(folder).filter((name) => name.includes("logstash"));
  // 22:13:20, an hour and two hours later, and 23:13:20 of the next day.
  assert.deepEqual(names.toSorted(), [
    "trace-logstash-2023.11.14-11.json",
    "trace-logstash-2023.11.15-0.json",
    "trace-logstash-2023.11.15-11.json",
  ]);
  const manifest = JSON.parse(readFileSync(`${output}.manifest.json`, "utf8"));
  assert.deepEqual(
    manifest.output.files.map(({ name }: { name: string }) => name),
    names.toSorted(),
  );
  assert.match(said.err, /logstash-\* \(3\) {2}4 requests/);
  const log = join(folder, "access.log");
  const again = [...options, "-o", join(folder, "again"), "--verify", `${output}.manifest.json`];
  const verified = await drayage(["extract", "registry-log", log, ...again], { verbs });
  assert.equal(verified.exit, 0, verified.err);
  assert.match(verified.err, /verified/);
  writeFileSync(log, `${JSON.stringify(spread[0])}\n`);
  const changed = await drayage(["extract", "registry-log", log, ...again], { verbs });
  assert.equal(changed.exit, 8, changed.err);
});

test("--spread leaves times alone that have milliseconds, though no duration is known", async (t) => {
  const lines = [1, 2].map(() => ({ ...spread[0], msec: "1700000000.900", request_time: "" }));
  const { records } = await extracted(t, lines, ["--spread", "--time", "absolute"]);
  const arrivals = records.map((each: Record<string, unknown>) => each["drayage.arrival_ns"]);
  assert.deepEqual(arrivals, ["1700000000900000000", "1700000000900000000"]);
});

for (const { name, args, error } of [
  { name: "hours that do not divide a day", args: ["--shard-hours", "5"], error: /divide a day/ },
  { name: "shards on standard output", args: ["--shard-hours", "6", "-o", "-"], error: /prefix/ },
  {
    name: "masked addresses without masking",
    args: ["--masking", "none", "--ip", "subnet"],
    error: /--ip subnet masks, and --masking none does not/,
  },
  { name: "no memory at all", args: ["--memory-limit", "0"], error: /at least 4MiB/ },
  {
    name: "more memory than there is",
    args: ["--memory-limit", "9999TiB"],
    error: /--memory-limit is more than the system gives/,
  },
]) {
  test(`${name} are refused`, async (t) => {
    const folder = scratch(t);
    const log = join(folder, "access.log");
    writeFileSync(log, `${JSON.stringify(put(1, {}))}\n`);
    const out = args.includes("-o") ? [] : ["-o", join(folder, "t")];
    const said = await drayage(["extract", "registry-log", log, ...out, ...args], { verbs });
    assert.equal(said.exit, 2);
    assert.match(said.err, error);
    assert.deepEqual(readdirSync(folder), ["access.log"]);
  });
}

test("a log may have lines that end with CR LF, and is not overwritten by its own trace", async (t) => {
  const folder = scratch(t);
  const log = join(folder, "access.log");
  const text = '10.0.0.1 1511418900.125 GET /v2/ 200 "docker/17"\r\n\r\n';
  writeFileSync(log, text);
  const format = '$remote_addr $msec $request_method $request_uri $status "$http_user_agent"';
  const args = ["extract", "registry-log", log, "--nginx-format", format, "-o"];
  const read = await drayage([...args, join(folder, "t.json")], { verbs });
  assert.equal(read.exit, 0, read.err);
  assert.match(read.err, /1 requests, \d+ bytes, of 1 lines\n/);
  const own = await drayage([...args, log], { verbs });
  assert.equal(own.exit, 2);
  assert.match(own.err, /is the input .*access\.log itself/);
  assert.equal(readFileSync(log, "utf8"), text);
});

test("events of notifications that stand on no line of their own are no events", async (t) => {
  const file = join(scratch(t), "events.json");
  writeFileSync(
    file,
    JSON.stringify({ events: [{ request: { id: "r" }, target: { size: 1 } }] }, null, 2),
  );
  const { said } = await extracted(t, [put(1, {})], ["--notifications", file]);
  assert.equal(said.exit, 2);
  assert.match(said.err, /has no event that stands on one line: type jq -c/);
});

test("a format that lacks a variable is told what it lacks", async (t) => {
  const { said } = await extracted(
    t,
    [{ status: "200" }],
    ["--nginx-format", '{"status":"$status"}'],
  );
  assert.equal(said.exit, 2);
  assert.match(said.err, /1 line could not be read: line 1 of input 1 has neither msec nor/);
});

test("a log of distribution in text format names the setting", async (t) => {
  const folder = scratch(t);
  const log = join(folder, "registry.log");
  const text =
    'time="2026-11-23T06:56:40Z" level=info msg="response completed" go.version=go1.24\n';
  writeFileSync(log, text);
  const args = ["extract", "registry-log", log, "-o", join(folder, "t.json")];
  const said = await drayage(args, { verbs });
  assert.equal(said.exit, 2);
  assert.match(said.err, /log\.formatter: json/);
  const strict = await drayage([...args, "--strict"], { verbs });
  assert.equal(strict.exit, 2);
  assert.match(
    strict.err,
    /line 1 of input 1 is in distribution's text format: set log\.formatter/,
  );
});
