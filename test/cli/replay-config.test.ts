import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { redactedArguments } from "../../src/cli/config/redacted-arguments.ts";
import { resolvedConfig } from "../../src/cli/config/replay-config.ts";
import { load } from "./config-file.ts";

const example = (name: string): string =>
  readFileSync(new URL(`../../examples/${name}`, import.meta.url), "utf8");
const SIMULATION = "trace: {traces: [a]}\nsimulate: {name: x}\n";

test("config: the form of the original tool's documentation works as it stands", () => {
  const text = example("original-config.yaml");
  const config = load(text);
  assert.equal(config.verbose, true);
  assert.deepEqual(config.clientInfo, {
    clientList: ["localhost:8081", "localhost:8082"],
    port: 8080,
    threads: 100,
    wait: true,
    route: false,
    speed: 1,
    assign: "pool",
    sessions: false,
  });
  assert.equal(config.trace.location, "/data/data_centers/dal09");
  assert.deepEqual(config.trace.traces, ["prod-dal09-logstash-2017.08.01-0.json"]);
  assert.deepEqual(config.trace.limit, { type: "requests", amount: 20 });
  assert.equal(config.trace.output, "results.json");
  assert.deepEqual(
    config.registry.map(({ origin }) => origin),
    ["http://localhost:5000"],
  );
  assert.equal(config.warmup.output, "interm.json");
  assert.equal(config.warmup.threads, 100);
  assert.deepEqual(load(text, { mode: "simulate" }).simulate, {
    name: "cache.py",
    args: { cache_size: 8 },
  });
});

test("config: what is not said takes the documented defaults", () => {
  const config = load(SIMULATION, { mode: "simulate" });
  assert.deepEqual(resolvedConfig(config), {
    verbose: false,
    trace: {
      location: ".",
      traces: ["a"],
      output: "output.json",
      arrival: "timestamp",
      include: ["blob:GET", "blob:PUT", "manifest:GET", "manifest:PUT"],
      strict: false,
      dedupe: false,
    },
    registry: [],
    clientInfo: {
      port: 8080,
      threads: 1,
      wait: false,
      route: false,
      speed: 1,
      assign: "pool",
      sessions: false,
    },
    warmup: {
      threads: 1,
      random: false,
      repository: "single",
      manifests: "blob",
      identity: "uri",
      allRegistries: false,
    },
    run: {
      unmapped: "put",
      registryChoice: "random",
      verify: true,
      maxInFlight: 4096,
      onTimeMs: 10,
      saturation: { latenessMs: 100, share: 0.01 },
      seed: "0",
      timeouts: { connect: 10, firstByte: 60, idle: 60, total: 0 },
      retries: { count: 0, backoffMs: 500, on: ["connect", 429, 502, 503, 504] },
      keepAlive: true,
    },
    cluster: {
      split: "stream",
      rows: "along",
      onLost: "report",
      heartbeat: 2,
      lostAfter: 15,
      clockBound: 5,
      clockDifference: 1000,
    },
    thresholds: [],
    simulate: { name: "x" },
  });
});

test("config: a warm-up tries three times more, a run does not, and either can be told otherwise", () => {
  const text = "trace: {traces: [a]}\nregistry: [r:1]\nwarmup: {output: m}\n";
  const count = (mode: "warmup" | "run", more = ""): number =>
    load(text + more, { mode, local: 1 }).run.retries.count;
  assert.equal(count("warmup"), 3);
  assert.equal(count("run"), 0);
  assert.equal(count("warmup", "run: {retries: {count: 0}}"), 0);
  assert.equal(count("run", "run: {retries: {count: 2}}"), 2);
});

test("config: the shipped example uses the additions", () => {
  const config = load(example("config.yaml"), { env: { REGISTRY_PASSWORD: "hush" } });
  assert.equal(config.trace.arrival, "start");
  assert.deepEqual(config.trace.window, {
    from: "2017-08-01T08:00:00Z",
    to: "2017-08-01T09:00:00Z",
  });
  assert.equal(config.clientInfo.threads, "auto");
  assert.equal(config.run.seed, "7");
  assert.deepEqual(config.run.timeouts, { connect: 5, firstByte: 30, idle: 60, total: 0 });
  assert.equal(config.registry[1]?.auth.type, "basic");
});

for (const { word, means } of [
  { word: "yes", means: true },
  { word: "on", means: true },
  { word: "True", means: true },
  { word: "no", means: false },
  { word: "Off", means: false },
  { word: "false", means: false },
]) {
  test(`config: ${word} says ${means} where true or false is wanted`, () => {
    assert.equal(load(`${SIMULATION}verbose: ${word}\n`, { mode: "simulate" }).verbose, means);
  });
}

test("config: those words stay words elsewhere", () => {
  const text = "trace: {traces: [yes, no]}\nsimulate: {name: on, args: {off: no}}\n";
  const config = load(text, { mode: "simulate" });
  assert.deepEqual(config.trace.traces, ["yes", "no"]);
  assert.deepEqual(config.simulate, { name: "on", args: { off: "no" } });
});

test("config: a plug-in's arguments are handed over untouched", () => {
  const text = `${SIMULATION.replace("name: x", "name: x, args: {cache_size: 8, x-y: {deep_key: [1]}, n: null}")}`;
  assert.deepEqual(load(text, { mode: "simulate" }).simulate.args, {
    cache_size: 8,
    "x-y": { deep_key: [1] },
    n: null,
  });
});

test("config: keys that begin with x- are the user's own, and anchors below them can be used", () => {
  const text = `x-common: &common {wait: true, speed: 3}
x-other: [1, {x-y: 2}]
client_info:
  <<: *common
  speed: 5
  x-note: hello
${SIMULATION}`;
  const { clientInfo } = load(text, { mode: "simulate" });
  assert.equal(clientInfo.wait, true);
  assert.equal(clientInfo.speed, 5);
  assert.equal("x-note" in clientInfo, false);
});

test("config: a section whose keys are all commented out means its defaults", () => {
  const text = `${SIMULATION}client_info:\n  # threads: 3\nrun:\n  timeouts:\n`;
  const config = load(text, { mode: "simulate" });
  assert.equal(config.clientInfo.threads, 1);
  assert.equal(config.run.timeouts.idle, 60);
});

test("config: --local takes the place of the worker list", () => {
  const text = "trace: {traces: [a]}\nregistry: [r:1]\nwarmup: {output: m}\n";
  assert.equal(load(text, { local: 2 }).clientInfo.clientList, undefined);
});

test("config: --set is read as YAML, goes over the file, and the last one wins", () => {
  const config = load(`${SIMULATION}client_info: {threads: 4, speed: 9}\n`, {
    mode: "simulate",
    overrides: [
      "client_info.threads=auto",
      "client_info.wait=on",
      "client_info.speed=2",
      "client_info.speed=2.5",
      "run.timeouts.first_byte=7",
      "trace.traces=[b, c]",
      "trace.traces.2=d=e",
      "registry.0.url=http://r:1",
      "simulate.args.cache_size=8",
    ],
  });
  assert.equal(config.clientInfo.threads, "auto");
  assert.equal(config.clientInfo.wait, true);
  assert.equal(config.clientInfo.speed, 2.5);
  assert.equal(config.run.timeouts.firstByte, 7);
  assert.deepEqual(config.trace.traces, ["b", "c", "d=e"]);
  assert.equal(config.registry[0]?.origin, "http://r:1");
  assert.deepEqual(config.simulate.args, { cache_size: 8 });
});

for (const { seed, is } of [
  { seed: "7", is: "7" },
  { seed: "0x10", is: "16" },
  { seed: '"007"', is: "007" },
  { seed: "any words", is: "any words" },
]) {
  test(`config: run.seed ${seed} is the text ${is}`, () => {
    assert.equal(load(`${SIMULATION}run: {seed: ${seed}}\n`, { mode: "simulate" }).run.seed, is);
  });
}

for (const { window, why } of [
  { window: "{from: 10}", why: "an open end" },
  { window: "{to: 2017-06-20T02:41:18Z}", why: "an open beginning" },
  { window: "{from: 2017-06-20 02:41:18.399, to: 2017-06-20T04:41:19+02:00}", why: "zones" },
  { window: "{from: 10, to: 2017-06-20T02:41:18Z}", why: "an offset and a time" },
]) {
  test(`config: trace.window takes ${why}`, () => {
    const text = `trace: {traces: [a], window: ${window}}\nsimulate: {name: x}\n`;
    assert.notEqual(load(text, { mode: "simulate" }).trace.window, undefined);
  });
}

test("config: the command line is kept without what it says about credentials", () => {
  const args = [
    "run",
    "--set=registry.0.auth.password=hush",
    "--set",
    "registry.0={url: r:1, auth: {password: hush}}",
    "--set",
    "registry.0.url=http://r:1",
    "--set=client_info.speed=2",
  ];
  assert.deepEqual(redactedArguments(args), [
    "run",
    "--set=registry.0.auth.password=[redacted]",
    "--set",
    "registry.0=[redacted]",
    ...args.slice(4),
  ]);
});
