import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, OptionTable } from "../../src/cli/command.ts";
import type { Verb } from "../../src/cli/verb.ts";
import { DrayageError, type ErrorCode, UsageError } from "../../src/core/errors.ts";
import { ExitCode } from "../../src/core/exit-code.ts";
import { drayage } from "./fake-terminal.ts";

const options = {
  config: { type: "string", alias: "i", value: "FILE", required: true, help: "the file" },
  rate: { type: "number", default: 3, help: "how fast" },
  mode: { type: "string", choices: ["fast", "slow"], help: "in which way" },
  set: {
    type: "string",
    array: true,
    help: "a key of the configuration, whose sentence is so long that it has to be folded behind the last word that fits",
  },
  json: { type: "boolean", default: false, help: "as JSON" },
} as const satisfies OptionTable;

const runs: Command<typeof options> = {
  name: "run",
  summary: "replay",
  examples: [
    { type: "drayage run -i config.yaml", does: "replay it" },
    { type: "drayage run -i config.yaml --json --mode slow", does: "slowly" },
  ],
  options,
  async run({ config, rate }, positionals, { out }) {
    out.write(`${config} ${rate} ${positionals.length}\n`);
    return ExitCode.invalidRun;
  },
};

const plain = (name: string, run: () => Promise<ExitCode>): Verb => ({
  name,
  summary: `does ${name}`,
  load: async () => ({
    name,
    summary: `does ${name}`,
    examples: [{ type: `drayage ${name} --now`, does: `does ${name}` }],
    options: {},
    run,
  }),
});

const ends = (name: string, error: unknown): Verb => plain(name, () => Promise.reject(error));

const verbs: readonly Verb[] = [
  { name: "run", summary: "replay", load: async () => runs },
  plain("demo", async () => ExitCode.done),
  plain("trace synth", async () => ExitCode.done),
  plain("trace info", async () => ExitCode.done),
  ends("usage", new UsageError(["one thing", "another"])),
  ends("broken", new TypeError("no such thing", { cause: new Error("deep down") })),
];

test("dispatch: a command gets its options and decides the exit code", async () => {
  assert.deepEqual(await drayage(["run", "-i", "c"], { verbs }), {
    exit: 5,
    out: "c 3 0\n",
    err: "",
  });
});

for (const { argv, exit, err } of [
  {
    argv: [],
    exit: 2,
    err: "which command? The shortest start: drayage demo (see: drayage --help)\n",
  },
  {
    argv: ["rnu"],
    exit: 2,
    err: 'unknown command "rnu"; did you mean "run"? (see: drayage --help)\n',
  },
  {
    argv: ["Run"],
    exit: 2,
    err: 'unknown command "Run"; did you mean "run"? (see: drayage --help)\n',
  },
  { argv: ["zebra"], exit: 2, err: 'unknown command "zebra" (see: drayage --help)\n' },
  {
    argv: ["--json", "run"],
    exit: 2,
    err: "--json stands before the command: write drayage COMMAND --json (see: drayage --help)\n",
  },
  {
    argv: ["trace"],
    exit: 2,
    err: '"trace" needs a second word: synth and info (see: drayage trace --help)\n',
  },
  {
    argv: ["trace", "synht"],
    exit: 2,
    err: 'unknown command "trace synht"; did you mean "synth"? (see: drayage trace --help)\n',
  },
  {
    argv: ["trace", "zebra"],
    exit: 2,
    err: 'unknown command "trace zebra"; there is synth and info (see: drayage trace --help)\n',
  },
  {
    argv: ["tarce", "synth"],
    exit: 2,
    err: 'unknown command "tarce"; did you mean "trace synth"? (see: drayage --help)\n',
  },
  {
    argv: ["trac"],
    exit: 2,
    err: 'unknown command "trac"; did you mean "trace"? (see: drayage --help)\n',
  },
  { argv: ["trace", "synth"], exit: 0, err: "" },
  {
    argv: ["run", "-i", "c", "--jsn"],
    exit: 2,
    err: "unknown flag --jsn; did you mean --json? (see: drayage run --help)\n",
  },
  {
    argv: ["run"],
    exit: 2,
    err: "--config FILE (or -i FILE) is missing (see: drayage run --help)\n",
  },
  { argv: ["usage"], exit: 2, err: "one thing\nanother\n" },
]) {
  test(`dispatch: "drayage ${argv.join(" ")}" exits with ${exit}`, async () => {
    assert.deepEqual(await drayage(argv, { verbs }), { exit, out: "", err });
  });
}

const codes: readonly { code: ErrorCode; exit: ExitCode }[] = [
  { code: "target-unreachable", exit: 4 },
  { code: "auth-failed", exit: 4 },
  { code: "trace-corrupt", exit: 2 },
  { code: "map-corrupt", exit: 2 },
  { code: "storage", exit: 1 },
  { code: "protocol", exit: 1 },
  { code: "interrupted", exit: 130 },
];
for (const { code, exit } of codes) {
  test(`dispatch: an error ${code} is a sentence with its causes, and exit ${exit}`, async () => {
    const error = new DrayageError(code, "it failed", { cause: new Error("the wire broke") });
    assert.deepEqual(await drayage(["fails"], { verbs: [ends("fails", error)] }), {
      exit,
      out: "",
      err: "it failed: the wire broke\n",
    });
  });
}

test("dispatch: anything else is ours: message, causes and stack, exit 1", async () => {
  const { exit, err } = await drayage(["broken"], { verbs });
  assert.equal(exit, 1);
  assert.match(err, /^internal error, please report it: no such thing: deep down\n/);
  assert.match(err, /dispatch\.test\.ts:\d+/);
});

for (const argv of [["--help"], ["-h"], ["help"]]) {
  test(`dispatch: drayage ${argv.join(" ")} opens with examples and lists every command`, async () => {
    const { exit, out, err } = await drayage(argv, { verbs });
    assert.equal(exit, 0);
    assert.equal(err, "");
    assert.match(out, /^Examples:\n {2}drayage demo /);
    for (const { name, summary } of verbs)
      assert.match(out, new RegExp(`drayage ${name} +${summary}\n`));
  });
}

test("dispatch: help loads no command", async () => {
  const trap: Verb = { name: "trap", summary: "", load: () => assert.fail("loaded") };
  assert.equal((await drayage(["--help"], { verbs: [trap] })).exit, 0);
});

for (const argv of [
  ["run", "--help"],
  ["run", "-h"],
  ["run", "--jsn", "-h"],
  ["help", "run"],
]) {
  test(`dispatch: drayage ${argv.join(" ")} explains the command`, async () => {
    const { exit, out } = await drayage(argv, { verbs });
    assert.equal(exit, 0);
    assert.equal(
      out,
      `Examples:
  drayage run -i config.yaml  replay it
  drayage run -i config.yaml --json --mode slow
                              slowly

drayage run [FLAGS]: replay

Flags:
  -i, --config FILE  the file (required)
      --rate N       how fast (default 3)
      --mode VALUE   in which way (one of fast, slow)
      --set VALUE    a key of the configuration, whose sentence is so long that it has to be folded
                     behind the last word that fits (may be repeated)
      --json         as JSON
  -h, --help         this text
      --version      version of drayage
`,
    );
  });
}

test("dispatch: help of a group opens with an example and lists its verbs only", async () => {
  const { exit, out } = await drayage(["trace", "--help"], { verbs });
  assert.equal(exit, 0);
  assert.match(out, /^Examples:\n {2}drayage trace synth --now {2}does trace synth\n/);
  assert.match(out, /Commands of drayage trace:\n {2}drayage trace synth {2}does trace synth\n/);
  assert.doesNotMatch(out, /drayage run/);
});

test("dispatch: behind -- a flag is an argument, even --help", async () => {
  const { exit, err } = await drayage(["demo", "--", "--help"], { verbs });
  assert.equal(exit, 2);
  assert.match(err, /takes flags only and got "--help"/);
});

for (const argv of [["--version"], ["run", "--version"]]) {
  test(`dispatch: drayage ${argv.join(" ")}`, async () => {
    const { exit, out } = await drayage(argv, { verbs });
    assert.equal(exit, 0);
    assert.match(out, /^drayage \d+\.\d+\.\d+\n$/);
  });
}
