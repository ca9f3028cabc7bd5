import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, OptionTable } from "../../src/cli/command.ts";
import { commonReplayOptions, configOption } from "../../src/cli/common-options.ts";
import { masterOf } from "../../src/cli/master.ts";
import type { Verb } from "../../src/cli/verb.ts";
import { ExitCode } from "../../src/core/exit-code.ts";
import { drayage } from "./fake-terminal.ts";

const options = {
  ...configOption,
  ...commonReplayOptions,
  local: { type: "number", help: "a flag of its own" },
} as const satisfies OptionTable;

const echo = (name: string): Command<typeof options> => ({
  name,
  summary: "",
  examples: [],
  options,
  async run(given, _, { out }) {
    out.write(`${name} ${JSON.stringify(given)}\n`);
    return ExitCode.operationsFailed;
  },
});
const verbs: readonly Verb[] = [
  {
    name: "master",
    summary: "",
    load: async () =>
      masterOf({
        warmup: async () => echo("warmup"),
        run: async () => echo("run"),
        simulate: async () => echo("simulate"),
      }),
  },
];
const defaults = { config: "c.yaml", json: false, set: [], ui: "auto", quiet: false };

test("master: a simulation cannot be resumed, and says so", async () => {
  const argv = ["master", "-c", "simulate", "--resume", "0123456789abcdef", "-i", "c.yaml"];
  const { exit, err } = await drayage(argv, { verbs });
  assert.equal(exit, ExitCode.usage);
  assert.match(err, /^--resume carries runs and warm-ups on: type master -c simulate without it$/m);
});

for (const { argv, env = {}, verb, gives } of [
  { argv: ["-c", "run", "-i", "c.yaml"], verb: "run", gives: defaults },
  { argv: ["-c", "warmup", "-i", "c.yaml"], verb: "warmup", gives: defaults },
  { argv: ["-c", "simulate", "-i", "c.yaml"], verb: "simulate", gives: defaults },
  {
    argv: ["-c", "run", "-i", "c.yaml", "--json", "--no-strict", "--set", "a=-1", "--set", "b=2"],
    env: { DRAYAGE_LOCAL: "2" },
    verb: "run",
    gives: { ...defaults, strict: false, json: true, set: ["a=-1", "b=2"], local: 2 },
  },
]) {
  test(`master: ${argv.join(" ")} is ${verb}`, async () => {
    const { exit, out, err } = await drayage(["master", ...argv], { verbs, env });
    assert.equal(err, "");
    assert.equal(exit, ExitCode.operationsFailed);
    const [name, values = ""] = out.split(/ (.*)/s);
    assert.equal(name, verb);
    assert.deepEqual(JSON.parse(values), gives);
  });
}

for (const { argv, says } of [
  {
    argv: ["-c", "rnu", "-i", "c"],
    says: '--command cannot be "rnu"; did you mean "run"? (see: drayage master --help)\n',
  },
  {
    argv: ["-i", "c"],
    says: "--command MODE (or -c MODE) is missing (see: drayage master --help)\n",
  },
  {
    argv: ["--resume", "nope"],
    says: "--resume wants a run directory or the id of a run, as its master printed it: there is no nope\n",
  },
]) {
  test(`master: ${argv.join(" ")} is refused`, async () => {
    assert.deepEqual(await drayage(["master", ...argv], { verbs }), {
      exit: 2,
      out: "",
      err: says,
    });
  });
}

test("master: its help says that neither command nor configuration is needed to resume", async () => {
  const { out } = await drayage(["master", "-h"], { verbs });
  const folded = out.replace(/\s+/g, " ");
  assert.match(
    folded,
    /-c, --command MODE what to do \(one of .*; required, but for --resume with a run directory\)/,
  );
  assert.match(
    folded,
    /-i, --config FILE configuration \(YAML\) \(required, but for --resume with a run directory\)/,
  );
});
