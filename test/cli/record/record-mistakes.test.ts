import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { YamlFile } from "../../../src/cli/config/yaml-file.ts";
import { recordConfigOf } from "../../../src/cli/record/record-config.ts";
import { UsageError } from "../../../src/core/errors.ts";

const base = { archive_directory: "/tmp/drayage-none", nats: {}, record: { spec: ["/a/**"] } };
const commands = { list: ["l", []], get: ["g", ["a"]], put: ["p", []] };

function mistakesOf(config: object | string): readonly string[] {
  try {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    recordConfigOf(YamlFile.parse(text, "record.yaml"));
    return [];
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.lines;
  }
}

describe("mistakes in the configuration of the recorder", () => {
  test("names every unknown key with its full path, all at once, with line and column", () => {
    const lines = mistakesOf(`archive_directory: /tmp/x
colour: red
nats: { server: [] , tls: { cacert: x } }
proxy: { listen: ":1", upstream: "http://a", tls: { upstream: { verify: no } } }
record:
  spec: ["/a"]
  flush_intervall: 5s
publish: { ports: 1 }
`);
    const expected = [
      ["2:1", "colour: unknown key; known here: archive_directory"],
      ["3:9", 'nats.server: unknown key; did you mean "servers"?'],
      ["3:29", 'nats.tls.cacert: unknown key; did you mean "cert"?'],
      ["4:65", "proxy.tls.upstream.verify: unknown key"],
      ["7:3", 'record.flush_intervall: unknown key; did you mean "flush_interval"?'],
      ["8:12", "publish.ports: unknown key"],
    ];
    assert.equal(lines.length, expected.length, lines.join("\n"));
    assert.deepEqual(
      lines.map((line) => line.split(" ")[0]),
      expected.map(([place]) => `record.yaml:${place}:`),
    );
    for (const [place, sentence] of expected)
      assert.ok(
        lines.some((line) => line.startsWith(`record.yaml:${place}: ${sentence}`)),
        `${place} ${sentence}\n${lines.join("\n")}`,
      );
  });

  const record = (more: object) => ({ ...base, record: { ...base.record, ...more } });
  const publish = (more: object) => ({ ...base, publish: more });
  const refused: readonly (readonly [string, object | string, RegExp])[] = [
    [
      "no folder",
      { nats: {}, record: base.record },
      /archive_directory: expected the path of a folder, but it is missing/,
    ],
    ["an empty file", "", /archive_directory: expected/],
    ["a list", "[]", /expected a mapping/],
    [
      "nothing to do",
      { archive_directory: "/tmp/x" },
      /record: nothing to do: .*record and publish/,
    ],
    [
      "no source",
      { archive_directory: "/tmp/x", record: base.record },
      /record: .*nats or a proxy/,
    ],
    [
      "no spec",
      { ...base, record: {} },
      /record\.spec: expected a list of globs, but it is missing/,
    ],
    ["an empty spec", record({ spec: [] }), /record\.spec: expected at least one glob/],
    [
      "a relative glob",
      record({ spec: ["/a", "tmp/**"] }),
      /record\.spec\[1\]: glob paths must be absolute \(column 1/,
    ],
    ["a bad glob", record({ spec: ["/a/{b"] }), /record\.spec\[0\]: \{ without its \} .*column 4/],
    [
      "a negative duration",
      record({ flush_interval: -1 }),
      /record\.flush_interval: expected seconds.*found -1/,
    ],
    [
      "a negative text",
      record({ flush_interval: "-1s" }),
      /record\.flush_interval: expected .*found "-1s"/,
    ],
    [
      "a negative pair",
      record({ flush_interval: { secs: -1, nanos: 0 } }),
      /record\.flush_interval: expected/,
    ],
    [
      "an unknown unit",
      record({ rotate_interval: "1 fortnight" }),
      /record\.rotate_interval: expected/,
    ],
    ["an empty pair", record({ rotate_interval: {} }), /record\.rotate_interval: expected/],
    [
      "a fraction of bytes",
      record({ image_frequency: 1.5 }),
      /record\.image_frequency: expected a whole number/,
    ],
    ["a negative frequency", record({ flush_frequency: -1 }), /record\.flush_frequency: expected/],
    [
      "an unknown codec",
      record({ codec: "gzip" }),
      /record\.codec: expected none, deflate or zstd, found "gzip"/,
    ],
    [
      "an unknown policy",
      record({ on_overload: "wait" }),
      /record\.on_overload: expected block or drop/,
    ],
    ["no slack", record({ slack: 0 }), /record\.slack: expected/],
    ["a shard beyond", record({ shard: 1 }), /record\.shard: expected at most 0/],
    [
      "both spellings",
      { ...base, archive_cmds: commands, archive_commands: commands },
      /archive_commands: the same as archive_cmds/,
    ],
    [
      "put and pub",
      { ...base, archive_cmds: { ...commands, pub: ["p", []] } },
      /archive_cmds\.pub: the same as put/,
    ],
    [
      "no put",
      { ...base, archive_cmds: { list: ["l", []], get: ["g", []] } },
      /archive_cmds\.put: expected a command/,
    ],
    [
      "no list",
      { ...base, archive_cmds: { get: ["g", []], put: ["g", []] } },
      /archive_cmds\.list: expected/,
    ],
    [
      "a command as text",
      { ...base, archive_cmds: { ...commands, get: "g x" } },
      /archive_cmds\.get: expected a command/,
    ],
    [
      "a netidx file",
      { ...base, netidx_config: "/etc/netidx" },
      /netidx_config .*use "nats or proxy"/,
    ],
    [
      "an authentication",
      { ...base, desired_auth: "Anonymous" },
      /desired_auth .*use "nats or proxy"/,
    ],
    [
      "a bad server",
      { ...base, nats: { servers: ["http://a:1"] } },
      /nats\.servers\[0\]: expected nats:\/\/HOST:PORT/,
    ],
    [
      "a user in the URL",
      { ...base, nats: { servers: "nats://u:hidden@a:1" } },
      /nats\.servers: no user in the URL/,
    ],
    [
      "two credentials",
      { ...base, nats: { credentials: { token: "hidden", user: "u", password: "p" } } },
      /nats\.credentials: expected one of/,
    ],
    [
      "half a user",
      { ...base, nats: { credentials: { user: "u" } } },
      /nats\.credentials: user and password/,
    ],
    [
      "a token that is a number",
      { ...base, nats: { credentials: { token: 123456 } } },
      /nats\.credentials\.token: expected a text, found a number \(not shown\)/,
    ],
    [
      "a missing file",
      { ...base, nats: { tls: { ca: "/nowhere/ca.pem" } } },
      /nats\.tls\.ca: \/nowhere\/ca\.pem cannot be read: it does not exist/,
    ],
    [
      "a folder that cannot be",
      { ...base, archive_directory: `/tmp/${"x".repeat(300)}` },
      /archive_directory: .* cannot be used: ENAMETOOLONG/,
    ],
    [
      "a lonely key",
      { ...base, nats: { tls: { key: "/dev/null" } } },
      /nats\.tls\.cert: cert and key go together/,
    ],
    [
      "a proxy without listen",
      { ...base, proxy: { upstream: "http://a" } },
      /proxy\.listen: expected HOST:PORT, but it is missing/,
    ],
    [
      "a bad upstream",
      { ...base, proxy: { listen: ":1", upstream: "a:5000" } },
      /proxy\.upstream: expected an absolute URL/,
    ],
    [
      "an upstream with a user",
      { ...base, proxy: { listen: ":1", upstream: "http://u:hidden@a" } },
      /proxy\.upstream: no user/,
    ],
    ["a bad base", publish({ base: "archive" }), /publish\.base: expected a path/],
    [
      "a bad bind",
      publish({ bind: "7070" }),
      /publish\.bind: expected HOST:PORT, or "none", found "7070"/,
    ],
    ["too many shards", publish({ shards: -1 }), /publish\.shards: expected/],
    [
      "shards without a message server",
      {
        archive_directory: "/tmp/drayage-none",
        proxy: { listen: "127.0.0.1:0", upstream: "http://127.0.0.1:5000" },
        record: base.record,
        publish: { shards: 3 },
      },
      /publish\.shards: shards find each other over NATS: add a nats section/,
    ],
    ["a token of another type", publish({ token: 987654 }), /publish\.token: .*not shown/],
  ];
  for (const [what, config, expected] of refused) {
    test(`refuses ${what}`, () => {
      const lines = mistakesOf(config);
      assert.ok(
        lines.some((line) => expected.test(line)),
        lines.join("\n"),
      );
      assert.doesNotMatch(lines.join("\n"), /hidden|123456|987654/);
      for (const line of lines) assert.match(line, /^record\.yaml:\d+:\d+: /);
    });
  }

  test("refuses an archive directory that is a file, and a key that is none", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drayage-config-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "file"), "");
    const lines = mistakesOf({ ...base, archive_directory: join(folder, "file") });
    assert.match(lines.join("\n"), /archive_directory: .* exists and is no directory/);
    const anonymize = { key_file: join(folder, "file") };
    const proxy = { listen: ":1", upstream: "http://a", anonymize };
    const keyless = mistakesOf({ ...base, nats: null, proxy });
    assert.match(keyless.join("\n"), /proxy\.anonymize\.key_file: .* is empty: expected a key/);
  });
});
