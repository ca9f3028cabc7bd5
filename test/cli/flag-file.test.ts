// Values of flags from a file: between the environment and the defaults, with the place of every mistake.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, OptionTable } from "../../src/cli/command.ts";
import type { Verb } from "../../src/cli/verb.ts";
import { ExitCode } from "../../src/core/exit-code.ts";
import { fileWith } from "./config-file.ts";
import { drayage } from "./fake-terminal.ts";

const options = {
  config: { type: "string", alias: "i", holdsFlags: true, help: "the file" },
  rate: { type: "number", min: 1, default: 3, help: "how fast" },
  mode: { type: "string", choices: ["fast", "slow"], help: "in which way" },
  tag: { type: "string", array: true, help: "one of several" },
  quiet: { type: "boolean", default: false, help: "say less" },
} as const satisfies OptionTable;

const go: Command<typeof options> = {
  name: "go",
  summary: "",
  examples: [],
  positionals: ["URL", "[FILE]"],
  options,
  async run({ rate, mode, tag, quiet }, positionals, { out }) {
    out.write(JSON.stringify({ rate, mode, tag, quiet, positionals }));
    return ExitCode.done;
  },
};
const verbs: readonly Verb[] = [{ name: "go", summary: "", load: async () => go }];
const file = fileWith(
  "# comment\nurl: localhost:1\nrate: 5\nmode: slow\ntag: [a, 2]\nquiet: true\nx-own: 1\n",
);
const all = {
  rate: 5,
  mode: "slow",
  tag: ["a", "2"],
  quiet: true,
  positionals: ["localhost:1"],
};

for (const { name, args, env = {}, is } of [
  { name: "everything that it says holds", args: [], is: all },
  {
    name: "the environment comes before it",
    args: [],
    env: { DRAYAGE_RATE: "6" },
    is: { ...all, rate: 6 },
  },
  {
    name: "flags come before both",
    args: ["--rate", "7", "--tag", "c", "--no-quiet"],
    env: { DRAYAGE_RATE: "6" },
    is: { ...all, rate: 7, tag: ["c"], quiet: false },
  },
  {
    name: "a positional argument that is typed comes before it",
    args: ["localhost:2", "f"],
    is: { ...all, positionals: ["localhost:2", "f"] },
  },
]) {
  test(`file of flags: ${name}`, async () => {
    const { exit, out, err } = await drayage(["go", "-i", file, ...args], { verbs, env });
    assert.deepEqual({ exit, err, ...JSON.parse(out) }, { exit: 0, err: "", ...is });
  });
}

test("file of flags: the environment may name it", async () => {
  const { out } = await drayage(["go"], { verbs, env: { DRAYAGE_CONFIG: file } });
  assert.deepEqual(JSON.parse(out), all);
});

for (const { text, says } of [
  { text: "rat: 5\n", says: [/:1:1: unknown key "rat"; did you mean "rate"\?/] },
  {
    text: "rate: 0\nmode: slw\n",
    says: [
      /:1:7: rate wants a number of at least 1/,
      /:2:7: mode cannot be "slw"; did you mean "slow"\?/,
    ],
  },
  {
    text: "quiet: 1\ntag: [[1]]\n",
    says: [/:1:8: quiet wants true or false/, /:2:6: tag wants a text or a number, or a list/],
  },
  { text: "config: other.yaml\n", says: [/:1:1: unknown key "config"/] },
  { text: "- 1\n", says: [/:1:1: write flags without dashes/] },
  { text: "a: [\n", says: [/:2:1: not YAML/] },
]) {
  test(`file of flags: ${JSON.stringify(text)} is refused with the place of each mistake`, async () => {
    const { exit, err } = await drayage(["go", "-i", fileWith(text)], { verbs });
    const lines = err.trimEnd().split("\n");
    assert.equal(exit, 2);
    assert.equal(lines.length, says.length, err);
    for (const [at, says1] of says.entries()) assert.match(lines[at] ?? "", says1);
  });
}
