import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Command, OptionTable, OptionValues } from "../../src/cli/command.ts";
import { parseArguments } from "../../src/cli/parser.ts";
import { ExitCode } from "../../src/core/exit-code.ts";

const options = {
  config: { type: "string", alias: "i", value: "FILE", help: "a file" },
  set: { type: "string", array: true, help: "any number of these" },
  local: { type: "number", integer: true, min: 1, max: 64, help: "how many" },
  rate: { type: "number", default: 1.5, help: "how fast" },
  json: { type: "boolean", default: false, help: "a switch" },
  strict: { type: "boolean", help: "a switch without a default" },
  "dry-run": { type: "boolean", default: false, help: "two words" },
  mode: { type: "string", choices: ["fast", "slow"], default: "fast", help: "one of two" },
} as const satisfies OptionTable;

const defaults: OptionValues<typeof options> = {
  config: undefined,
  set: [],
  local: undefined,
  rate: 1.5,
  json: false,
  strict: undefined,
  "dry-run": false,
  mode: "fast",
};

const command = (positionals: readonly string[] = []): Command<typeof options> => ({
  name: "try",
  summary: "is parsed for",
  examples: [],
  positionals,
  options,
  run: async () => ExitCode.done,
});

for (const { args, gives } of [
  { args: [], gives: {} },
  { args: ["-i", "x"], gives: { config: "x" } },
  { args: ["-i=x"], gives: { config: "x" } },
  { args: ["--config", "x"], gives: { config: "x" } },
  { args: ["--config", "-"], gives: { config: "-" } },
  { args: ["-i", "-", "--json"], gives: { config: "-", json: true } },
  { args: ["--config", "-1s", "--json"], gives: { config: "-1s", json: true } },
  { args: ["-i", "-.5"], gives: { config: "-.5" } },
  { args: ["--config=-x=y"], gives: { config: "-x=y" } },
  { args: ["-config", "x"], gives: { config: "x" } },
  { args: ["--set", "a=1", "--set=b=2"], gives: { set: ["a=1", "b=2"] } },
  { args: ["--set", "007"], gives: { set: ["007"] } },
  { args: ["--rate", "-2.5"], gives: { rate: -2.5 } },
  { args: ["--rate=-2.5e1"], gives: { rate: -25 } },
  { args: ["--local", "8"], gives: { local: 8 } },
  { args: ["--json"], gives: { json: true } },
  { args: ["--json=false"], gives: { json: false } },
  { args: ["--no-strict", "--dry-run"], gives: { strict: false, "dry-run": true } },
  { args: ["--mode", "slow"], gives: { mode: "slow" } },
]) {
  test(`parser: "${args.join(" ")}" gives ${JSON.stringify(gives)}`, () => {
    const parsed = parseArguments(command(), { args, env: {} });
    assert.deepEqual(parsed.options, { ...defaults, ...gives });
    assert.deepEqual(parsed.positionals, []);
  });
}

const says = (args: readonly string[], positionals: readonly string[] = [], env = {}): string => {
  try {
    parseArguments(command(positionals), { args, env });
    return "";
  } catch (error) {
    return (error as Error).message.replaceAll(" (see: drayage try --help)", "");
  }
};

for (const { args, line } of [
  { args: ["--jsn"], line: "unknown flag --jsn; did you mean --json?" },
  { args: ["--jsno=3"], line: "unknown flag --jsno; did you mean --json?" },
  { args: ["--dry"], line: "unknown flag --dry; did you mean --dry-run?" },
  { args: ["--dryRun"], line: "unknown flag --dryRun; did you mean --dry-run?" },
  { args: ["--no-jsonn"], line: "unknown flag --no-jsonn" },
  { args: ["--hlep"], line: "unknown flag --hlep; did you mean --help?" },
  {
    args: ["--zebra", "x"],
    line: "unknown flag --zebra",
  },
  { args: ["-x"], line: "unknown flag -x" },
  { args: ["-ix"], line: "unknown flag -ix" },
  { args: ["-5"], line: "unknown flag -5" },
  { args: ["--_"], line: /^unknown flag --_\n/ },
  { args: ["--__proto__=x"], line: /^unknown flag --_/ },
  { args: ["--constructor"], line: "unknown flag --constructor" },
  { args: ["--json.x=3"], line: "unknown flag --json.x; did you mean --json?" },
  { args: ["--config"], line: "--config needs a value" },
  { args: ["--config="], line: "--config needs a value" },
  { args: ["--config", "--json"], line: "--config needs a value" },
  { args: ["--set"], line: "--set needs a value" },
  { args: ["--set", "--json"], line: "--set needs a value" },
  { args: ["-i", "x", "--config", "y"], line: "--config is given 2 times: say it once" },
  { args: ["--json", "--json"], line: "--json is given 2 times: say it once" },
  { args: ["--json", "--no-json"], line: "--json is given 2 times: say it once" },
  {
    args: ["--json=maybe"],
    line: "--json is a switch: write --json or --no-json, not --json=maybe",
  },
  { args: ["--no-config"], line: "--no-config does not exist: --config takes a value" },
  { args: ["--local", "three"], line: '--local wants a whole number from 1 to 64 and got "three"' },
  { args: ["--local", "0x10"], line: '--local wants a whole number from 1 to 64 and got "0x10"' },
  { args: ["--local", "1.5"], line: '--local wants a whole number from 1 to 64 and got "1.5"' },
  { args: ["--local", "65"], line: '--local wants a whole number from 1 to 64 and got "65"' },
  { args: ["--rate", "1e999"], line: '--rate wants a number and got "1e999"' },
  { args: ["--rate", "NaN"], line: '--rate wants a number and got "NaN"' },
  { args: ["--rate", " 1"], line: '--rate wants a number and got " 1"' },
  { args: ["--mode", "slwo"], line: '--mode cannot be "slwo"; did you mean "slow"?' },
  { args: ["--mode", "medium"], line: '--mode cannot be "medium"; there is fast and slow' },
  { args: ["x"], line: 'drayage try takes flags only and got "x"' },
  { args: ["--", "--json"], line: 'drayage try takes flags only and got "--json"' },
  {
    args: ["--jsn", "--local", "x"],
    line: 'unknown flag --jsn; did you mean --json?\n--local wants a whole number from 1 to 64 and got "x"',
  },
]) {
  test(`parser: "${args.join(" ")}" is refused`, () => {
    if (typeof line === "string") assert.equal(says(args), line);
    else assert.match(says(args), line);
  });
}

for (const { wants, args, line } of [
  { wants: ["FILE"], args: [], line: "FILE is missing: type drayage try FILE" },
  { wants: ["FILE"], args: ["a", "b"], line: 'drayage try takes FILE and got "b" besides' },
  { wants: ["FILE"], args: ["a"], line: "" },
  { wants: ["FILE"], args: ["--", "-a"], line: "" },
  { wants: ["FILE"], args: ["-"], line: "" },
  { wants: ["FILE"], args: ["--json", "-"], line: "" },
  { wants: ["[FILE]"], args: [], line: "" },
  { wants: ["[FILE]"], args: ["a", "b"], line: 'drayage try takes [FILE] and got "b" besides' },
  { wants: ["FILE..."], args: [], line: "FILE... is missing: type drayage try FILE..." },
  { wants: ["FILE..."], args: ["a", "b", "c"], line: "" },
  { wants: ["DIR", "[FILE...]"], args: ["a", "b", "c"], line: "" },
  {
    wants: ["DIR", "FILE..."],
    args: ["a"],
    line: "FILE... is missing: type drayage try DIR FILE...",
  },
]) {
  test(`parser: ${wants.join(" ")} with "${args.join(" ")}" ${line === "" ? "is right" : "is refused"}`, () => {
    assert.equal(says(args, wants), line);
  });
}

test("parser: arguments that look like numbers or truth stay as they were typed", () => {
  const { positionals } = parseArguments(command(["WORD..."]), {
    args: ["007", "1e3", "true", "", "--", "--json"],
    env: {},
  });
  assert.deepEqual(positionals, ["007", "1e3", "true", "", "--json"]);
});

for (const { args = [], env, gives } of [
  { env: { DRAYAGE_CONFIG: "e" }, gives: { config: "e" } },
  { args: ["-i", "f"], env: { DRAYAGE_CONFIG: "e" }, gives: { config: "f" } },
  { env: { DRAYAGE_CONFIG: "" }, gives: {} },
  { env: { DRAYAGE_DRY_RUN: "yes", DRAYAGE_JSON: "1" }, gives: { "dry-run": true, json: true } },
  { args: ["--no-json"], env: { DRAYAGE_JSON: "true" }, gives: { json: false } },
  { env: { DRAYAGE_SET: "a=1\nb=[2, 3]\n" }, gives: { set: ["a=1", "b=[2, 3]"] } },
  { env: { DRAYAGE_LOCAL: "3" }, gives: { local: 3 } },
  { env: { DRAYAGE_PYTHON: "python3", DRAYAGE_ZEBRA: "x", CONFIG: "x" }, gives: {} },
]) {
  test(`parser: "${args.join(" ")}" with ${JSON.stringify(env)} gives ${JSON.stringify(gives)}`, () => {
    const parsed = parseArguments(command(), { args, env });
    assert.deepEqual(parsed.options, { ...defaults, ...gives });
  });
}

for (const { env, line } of [
  {
    env: { DRAYAGE_LOCAL: "x" },
    line: 'DRAYAGE_LOCAL wants a whole number from 1 to 64 and got "x"',
  },
  { env: { DRAYAGE_JSON: "perhaps" }, line: 'DRAYAGE_JSON wants true or false and got "perhaps"' },
  { env: { DRAYAGE_MODE: "sow" }, line: 'DRAYAGE_MODE cannot be "sow"; did you mean "slow"?' },
]) {
  test(`parser: ${JSON.stringify(env)} is refused`, () => assert.equal(says([], [], env), line));
}

test("parser: what is required may come from the environment, and is named when it does not come", () => {
  const table = {
    config: { type: "string", alias: "i", value: "FILE", required: true, help: "" },
  } as const;
  const needy: Command<typeof table> = {
    ...command(),
    options: table,
    run: async () => ExitCode.done,
  };
  assert.equal(
    parseArguments(needy, { args: [], env: { DRAYAGE_CONFIG: "e" } }).options.config,
    "e",
  );
  assert.throws(() => parseArguments(needy, { args: [], env: {} }), {
    message: "--config FILE (or -i FILE) is missing (see: drayage try --help)",
  });
});

test("parser: no flag outside the table passes", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^-{1,2}[a-zA-Z_][\w.-]{0,10}(=\w*)?$/), (arg) => {
      const name = arg.replace(/^-+/, "").replace(/=.*$/, "");
      fc.pre(![...Object.keys(options), "i"].includes(name.replace(/^no-/, "")));
      return says([arg]).startsWith("unknown flag -");
    }),
  );
});
