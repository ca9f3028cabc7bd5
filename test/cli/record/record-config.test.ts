import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { YamlFile } from "../../../src/cli/config/yaml-file.ts";
import { exampleConfig } from "../../../src/cli/record/example.ts";
import {
  type LoadedRecord,
  printedConfig,
  recordConfigOf,
} from "../../../src/cli/record/record-config.ts";
import { publishOptions, recorderOptions } from "../../../src/cli/record/recorder-options.ts";

const load = (text: string): LoadedRecord => recordConfigOf(YamlFile.parse(text, "record.yaml"));
const base = { archive_directory: "/tmp/drayage-none", nats: {}, record: { spec: ["/a/**"] } };
const loadObject = (config: object): LoadedRecord => load(JSON.stringify(config));

describe("the configuration of the recorder", () => {
  for (const format of ["json", "yaml"] as const) {
    test(`loads its own example in ${format}`, () => {
      const { config, notices } = load(exampleConfig(format));
      assert.equal(config.record?.image_frequency, 67_108_864);
      assert.deepEqual(notices, [
        "notice: netidx_config is null and has no meaning here",
        "notice: desired_auth is null and has no meaning here",
      ]);
    });
  }

  test("has its example beside the others", () => {
    assert.equal(readFileSync("examples/record.yaml", "utf8"), exampleConfig("yaml"));
  });

  test("takes the example for a registry", () => {
    const { config, notices } = recordConfigOf(YamlFile.read("examples/record-registry.yaml"));
    assert.deepEqual(notices, []);
    assert.deepEqual(config.record?.rotate_interval, { secs: 86_400, nanos: 0 });
    assert.equal(config.record?.on_overload, "drop");
  });

  test("has every key in the table of the documentation", () => {
    const page = readFileSync("docs/record.md", "utf8");
    const { config } = load(exampleConfig("json"));
    for (const section of ["nats", "proxy", "record", "publish"] as const)
      for (const key of Object.keys(config[section] ?? {}))
        assert.ok(page.includes(`\`${section}.${key}\``), `${section}.${key}`);
  });

  test("has both examples say the same", () => {
    assert.deepEqual(load(exampleConfig("json")).config, load(exampleConfig("yaml")).config);
  });

  test("fills in the defaults", () => {
    const { config, notices } = loadObject({ ...base, publish: {} });
    assert.deepEqual(config.record, {
      spec: ["/a/**"],
      poll_interval: { secs: 5, nanos: 0 },
      image_frequency: 67_108_864,
      flush_frequency: 65_534,
      flush_interval: { secs: 30, nanos: 0 },
      rotate_interval: null,
      rotate_size: null,
      codec: "deflate",
      slack: 100,
      on_overload: "block",
      shard: 0,
    });
    assert.deepEqual(config.publish, {
      base: "/archive",
      bind: "127.0.0.1:7070",
      token: null,
      max_sessions: 512,
      max_sessions_per_client: 64,
      gc_interval: { secs: 30, nanos: 0 },
      stream_buffer: 8_388_608,
      shards: 0,
      cluster: "default",
    });
    assert.deepEqual(config.nats?.servers, ["nats://127.0.0.1:4222"]);
    assert.deepEqual(notices, []);
  });

  test("prints what it understood so that it can be read again, without secrets", () => {
    const { config } = loadObject({
      ...base,
      nats: { servers: "nats://a:1", credentials: { user: "u", password: "hidden-1" } },
      publish: { token: "hidden-2" },
    });
    const printed = printedConfig(config);
    assert.doesNotMatch(printed, /hidden/);
    assert.match(printed, /"flush_interval": \{ "secs": 30, "nanos": 0 \}/);
    const again = load(printed).config;
    assert.deepEqual(again.record, config.record);
    assert.equal(again.nats?.credentials?.user, "u");
  });

  const commands = { list: ["l", []], get: ["g", ["a"]], put: ["p", []] };
  for (const spelling of ["archive_cmds", "archive_commands"]) {
    for (const put of ["put", "pub"]) {
      test(`takes ${spelling} with ${put}`, () => {
        const { put: command, ...rest } = commands;
        const { config } = loadObject({ ...base, [spelling]: { ...rest, [put]: command } });
        assert.deepEqual(config.archive_cmds, commands);
      });
    }
  }

  const off = [
    ["flush_interval", null],
    ["flush_interval", 0],
    ["flush_interval", "0s"],
    ["flush_interval", { secs: 0, nanos: 0 }],
    ["rotate_interval", 0],
    ["image_frequency", null],
    ["image_frequency", 0],
    ["flush_frequency", 0],
    ["rotate_size", 0],
    ["poll_interval", null],
  ] as const;
  for (const [key, value] of off) {
    test(`takes ${key}: ${JSON.stringify(value)} as off`, () => {
      const { config } = loadObject({ ...base, record: { ...base.record, [key]: value } });
      assert.equal(config.record?.[key], null);
    });
  }

  const durations = [
    [{ secs: 1, nanos: 500_000_000 }, 1, 500_000_000],
    [{ secs: 86_400, nanos: 0 }, 86_400, 0],
    [{ secs: 3 }, 3, 0],
    [2.5, 2, 500_000_000],
    [30, 30, 0],
    ["500ms", 0, 500_000_000],
    ["30s", 30, 0],
    ["1.5s", 1, 500_000_000],
    ["5m", 300, 0],
    ["1h", 3_600, 0],
    ["1d", 86_400, 0],
    ["250us", 0, 250_000],
  ] as const;
  for (const [value, secs, nanos] of durations) {
    test(`takes ${JSON.stringify(value)} as a duration`, () => {
      const { config } = loadObject({ ...base, record: { ...base.record, flush_interval: value } });
      assert.deepEqual(config.record?.flush_interval, { secs, nanos });
    });
  }

  test("waits no longer than a timer can: one of a month would fire at once, over and over", () => {
    const proxy = { listen: ":1", upstream: "http://a", catalog: true };
    const long = { ...base.record, poll_interval: "30d" };
    const { config } = loadObject({
      ...base,
      proxy,
      record: long,
      publish: { gc_interval: "30d" },
    });
    assert.ok(config.record !== null && config.publish !== null);
    const { catalogInterval } = recorderOptions(config, config.record).proxy ?? {};
    assert.equal(catalogInterval, 2 ** 31 - 1);
    assert.equal(publishOptions(config, config.publish).gcInterval, 2 ** 31 - 1);
  });

  const record = (more: object) => ({ ...base, record: { ...base.record, ...more } });
  const publish = (more: object) => ({ ...base, publish: more });
  const warned: readonly (readonly [string, object, RegExp])[] = [
    [
      "an open door",
      publish({ bind: "0.0.0.0:7070" }),
      /warning: publish\.bind is 0\.0\.0\.0:7070/,
    ],
    [
      "commits that never come",
      record({ flush_interval: 0, flush_frequency: 0 }),
      /warning: flush_frequency and flush_interval/,
    ],
    [
      "a circle",
      { ...base, record: { spec: ["/**"] }, publish: {} },
      /notice: record\.spec matches \/archive/,
    ],
  ];
  for (const [what, config, expected] of warned) {
    test(`warns of ${what}`, () => {
      assert.match(loadObject(config).notices.join("\n"), expected);
    });
  }

  test("does not warn of an open door with a lock, nor of none", () => {
    assert.deepEqual(loadObject(publish({ bind: "0.0.0.0:7070", token: "t" })).notices, []);
    assert.deepEqual(loadObject(publish({ bind: "none" })).notices, []);
    assert.deepEqual(loadObject(publish({ bind: "[::1]:7070" })).notices, []);
  });
});
