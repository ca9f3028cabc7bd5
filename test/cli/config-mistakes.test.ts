import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { loadReplayConfig } from "../../src/cli/config/replay-config.ts";
import { mistakesIn } from "./config-file.ts";

const BASE = "simulate: {name: x}\n";

// One key a case, on line 2, in a configuration that is right otherwise.
for (const { line, says } of [
  { line: "verbose: maybe", says: 'FILE:2:10: verbose: expected true or false, found "maybe"' },
  { line: "verbose: 1", says: "FILE:2:10: verbose: expected true or false, found 1" },
  { line: "verbose:", says: "FILE:2:9: verbose: expected true or false, found nothing" },
  { line: "client_info: 5", says: "FILE:2:14: client_info: expected a mapping, found 5" },
  { line: "client_info: [1]", says: "FILE:2:14: client_info: expected a mapping, found a list" },
  {
    line: "client_info: {threads: 0}",
    says: "FILE:2:24: client_info.threads: expected a whole number of at least 1, found 0",
  },
  {
    line: "client_info: {threads: 1.5}",
    says: 'FILE:2:24: client_info.threads: expected a whole number of at least 1, or "auto", found 1.5',
  },
  {
    line: 'client_info: {threads: "100"}',
    says: 'FILE:2:24: client_info.threads: expected a whole number of at least 1, or "auto", found "100"',
  },
  {
    line: "client_info: {port: 70000}",
    says: "FILE:2:21: client_info.port: expected a whole number from 1 to 65535, found 70000",
  },
  {
    line: "client_info: {speed: 0}",
    says: "FILE:2:22: client_info.speed: expected a number above 0, found 0",
  },
  {
    line: "client_info: {speed: .nan}",
    says: "FILE:2:22: client_info.speed: expected a number above 0, found NaN",
  },
  {
    line: "client_info: {assign: slot}",
    says: 'FILE:2:23: client_info.assign: expected one of pool, slots, found "slot"; did you mean "slots"?',
  },
  {
    line: "client_info: {assign: slots, sessions: true}",
    says: "FILE:2:40: client_info.sessions: sessions need a free choice of place: write assign: pool, or leave sessions out",
  },
  {
    line: "client_info: {client_list: []}",
    says: "FILE:2:28: client_info.client_list: expected a list of workers, found an empty list",
  },
  {
    line: "client_info: {client_list: [local, nowhere]}",
    says: 'FILE:2:36: client_info.client_list[1]: expected host:port or local, found "nowhere"',
  },
  {
    line: "client_info: {client_list: [localhost:99999]}",
    says: 'FILE:2:29: client_info.client_list[0]: expected host:port or local, found "localhost:99999"',
  },
  {
    line: "client_info: {client_list: [a:1, local, local, a:1]}",
    says: "FILE:2:48: client_info.client_list[3]: it is listed twice: a machine is one node",
  },
  {
    line: "client_info: {client_list: localhost:8081}",
    says: 'FILE:2:28: client_info.client_list: expected a list of workers, found "localhost:8081"',
  },
  {
    line: "run: {max_in_flight: 0}",
    says: "FILE:2:22: run.max_in_flight: expected a whole number of at least 1, found 0",
  },
  {
    line: "run: {saturation: {share: 2}}",
    says: "FILE:2:27: run.saturation.share: expected a number from 0 to 1, found 2",
  },
  {
    line: "run: {timeouts: {idle: soon}}",
    says: 'FILE:2:24: run.timeouts.idle: expected a number of at least 0, found "soon"',
  },
  {
    line: "run: {seed: 12345678901234567890}",
    says: "FILE:2:13: run.seed: expected a whole number or text, found 12345678901234567000",
  },
  {
    line: "run: {retries: {on: [sometimes]}}",
    says: 'FILE:2:22: run.retries.on[0]: expected a status from 400 to 599 or a failure such as connect, found "sometimes"',
  },
  {
    line: "warmup: {identity: Uri}",
    says: 'FILE:2:20: warmup.identity: expected one of uri, digest, found "Uri"; did you mean "uri"?',
  },
  {
    line: "warmup: {output: ''}",
    says: 'FILE:2:18: warmup.output: expected the path of a file, found ""',
  },
  {
    line: "registry: localhost:5000",
    says: 'FILE:2:11: registry: expected a list of registries, found "localhost:5000"',
  },
]) {
  test(`config: "${line}" is refused at its place`, () => {
    assert.deepEqual(mistakesIn(`trace: {traces: [a]}\n${line}\n${BASE}`, { mode: "simulate" }), [
      says,
    ]);
  });
}

// One key of the section trace a case.
for (const { key, says } of [
  {
    key: "limit: {type: hours, amount: 1}",
    says: '2:17: trace.limit.type: expected one of seconds, requests, found "hours"',
  },
  {
    key: "limit: {type: requests, amount: -1}",
    says: "2:35: trace.limit.amount: expected a number of at least 0, found -1",
  },
  {
    key: "limit: {type: requests, amount: 1.5}",
    says: "2:35: trace.limit.amount: expected a whole number of requests, found 1.5",
  },
  {
    key: "limit: {type: seconds}",
    says: '2:10: "trace.limit.amount" is missing: expected a number of at least 0',
  },
  {
    key: "include: [blob:GET, blob:POST]",
    says: '2:23: trace.include[1]: expected one of blob:GET, blob:PUT, blob:HEAD, manifest:GET, manifest:PUT, manifest:HEAD, ping, found "blob:POST"; did you mean "blob:PUT"?',
  },
  {
    key: "sample: {clients: 0}",
    says: "2:21: trace.sample.clients: expected a number above 0 and at most 1, found 0",
  },
  {
    key: "sample: {clients: 1.1}",
    says: "2:21: trace.sample.clients: expected a number above 0 and at most 1, found 1.1",
  },
  { key: "window: {}", says: "2:11: trace.window: expected from, to or both, found a mapping" },
  {
    key: "window: {from: noon}",
    says: '2:18: trace.window.from: expected an RFC 3339 time such as 2017-06-20T02:41:18Z, or seconds from the first request, found "noon"',
  },
  {
    key: "window: {from: 2017-13-20T02:41:18Z}",
    says: '2:18: trace.window.from: expected an RFC 3339 time such as 2017-06-20T02:41:18Z, or seconds from the first request, found "2017-13-20T02:41:18Z"',
  },
  {
    key: "window: {from: 5, to: 5}",
    says: "2:25: trace.window.to: expected an instant after from, found 5",
  },
  {
    key: "traces: a.json",
    says: '2:11: trace.traces: expected a list of file names, found "a.json"',
  },
  {
    key: "traces: []",
    says: "2:11: trace.traces: expected a list of file names, found an empty list",
  },
  { key: "traces: [1]", says: "2:12: trace.traces[0]: expected a file name, found 1" },
]) {
  test(`config: trace "${key}" is refused at its place`, () => {
    const others = key.startsWith("traces") ? "" : "  traces: [a]\n";
    const said = mistakesIn(`trace:\n  ${key}\n${others}${BASE}`, { mode: "simulate" });
    assert.deepEqual(said, [`FILE:${says}`]);
  });
}

for (const { name, text, says } of [
  { name: "a syntax error", text: "a: [1\nb: 2\n", says: /^FILE:2:1: not YAML: / },
  {
    name: "a key that is there twice",
    text: "trace: {traces: [a]}\nverbose: true\nverbose: false\n",
    says: /^FILE:3:1: this key is here for the second time/,
  },
  {
    name: "a second document",
    text: "verbose: true\n---\nverbose: false\n",
    says: /^FILE:\d:1: expected one document/,
  },
  {
    name: "a tag that would make an object",
    text: "verbose: !!python/object:os.system 1\n",
    says: /^FILE:1:10: tags such as !name are not allowed/,
  },
  { name: "a binary tag", text: "verbose: !!binary aGk=\n", says: /^FILE:1:10: tags such as/ },
  {
    name: "a list instead of sections",
    text: "- a\n",
    says: /^FILE:1:1: the configuration: expected a mapping, found a list$/,
  },
  {
    name: "bytes that are no text",
    text: new Uint8Array([0x61, 0x3a, 0xff, 0xfe]),
    says: /^FILE is not UTF-8 text/,
  },
  {
    name: "a value that contains itself",
    text: "run: &a\n  timeouts: *a\n",
    says: /^FILE:1:1: an alias stands inside the value that it names$/,
  },
  { name: "an alias of nothing", text: "run: *a\n", says: /^FILE:1:1: not YAML: Unresolved alias/ },
  {
    name: "an alias bomb",
    text: `a: &a [x,x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
      .split("")
      .map((key, at) => `${key}: &${key} [${`*${"abcdefg"[at]},`.repeat(10)}]`)
      .join("\n")}\n`,
    says: /^FILE:1:1: not YAML: /,
  },
]) {
  test(`config: ${name} is one line`, () => {
    const said = mistakesIn(text);
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", says);
  });
}

test("config: an empty file lacks what the mode needs", () => {
  assert.deepEqual(
    mistakesIn("").map((line) => line.replace(/ (is missing).*/, " $1")),
    ["trace.traces", "registry", "warmup.output", "client_info.client_list"].map(
      (key) => `FILE:1:1: "${key}" is missing`,
    ),
  );
});

for (const { mode, missing } of [
  { mode: "warmup", missing: ["registry", "warmup.output"] },
  { mode: "run", missing: ["registry", "warmup.output", "client_info.client_list"] },
  { mode: "simulate", missing: ["simulate.name"] },
] as const) {
  test(`config: ${mode} needs ${missing.join(", ")}`, () => {
    const said = mistakesIn("trace: {traces: [a]}\n", { mode });
    assert.deepEqual(
      said.map((line) => /"(.*?)" is missing/.exec(line)?.[1]),
      missing,
    );
  });
}

test("config: all mistakes are reported, in the order of the file", () => {
  const said = mistakesIn("verbose: 3\nrun: {sed: 1}\ntrace: {traces: 1}\nsimulate: {name: x}\n", {
    mode: "simulate",
  });
  assert.deepEqual(
    said.map((line) => line.split(" ")[0]),
    ["FILE:1:10:", "FILE:2:7:", "FILE:3:17:"],
  );
});

test("config: positions count after carriage returns, a byte order mark and letters of several bytes", () => {
  assert.deepEqual(
    mistakesIn("\uFEFFx-é: ü\r\ntrace: {traces: [a]}\r\nsimulate: {name: x}\r\nverbos: 1\r\n", {
      mode: "simulate",
    }),
    ['FILE:4:1: unknown key "verbos"; did you mean "verbose"?'],
  );
});

for (const { name, path, says } of [
  {
    name: "a file that is not there",
    path: "no/such/config.yaml",
    says: "no/such/config.yaml does not exist: give the path of a YAML file",
  },
  {
    name: "a directory",
    path: tmpdir(),
    says: `${tmpdir()} cannot be read: EISDIR: illegal operation on a directory, read`,
  },
]) {
  test(`config: ${name} is one line`, () => {
    assert.throws(() => loadReplayConfig({ path, mode: "run", env: {} }), {
      name: "UsageError",
      message: says,
    });
  });
}
