import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "../../src/cli/command.ts";
import { commonReplayOptions, configOption } from "../../src/cli/common-options.ts";
import { loadReplayConfig } from "../../src/cli/config/replay-config.ts";
import type { Verb } from "../../src/cli/verb.ts";
import { ExitCode } from "../../src/core/exit-code.ts";
import { fileWith } from "./config-file.ts";
import { drayage } from "./fake-terminal.ts";

const options = { ...configOption, ...commonReplayOptions };
const speed: Command<typeof options> = {
  name: "speed",
  summary: "",
  examples: [],
  options,
  async run({ config, set }, _, { out, env }) {
    const { clientInfo } = loadReplayConfig({
      path: config,
      mode: "simulate",
      overrides: set,
      env,
    });
    out.write(`${clientInfo.speed}`);
    return ExitCode.done;
  },
};
const verbs: readonly Verb[] = [{ name: "speed", summary: "", load: async () => speed }];

const base = "trace: {traces: [a]}\nsimulate: {name: x}\n";
const silent = fileWith(base);
const two = fileWith(`${base}client_info: {speed: 2}\n`);
const set = (value: number): string => `client_info.speed=${value}`;

for (const { name, file, env = {}, flags = [], is } of [
  { name: "the default", file: silent, is: "1" },
  { name: "the file over the default", file: two, is: "2" },
  { name: "the environment over the file", file: two, env: { DRAYAGE_SET: set(3) }, is: "3" },
  {
    name: "a flag over the environment",
    file: two,
    env: { DRAYAGE_SET: set(3) },
    flags: ["--set", set(4)],
    is: "4",
  },
  {
    name: "the file that a flag names over the one of the environment",
    file: two,
    env: { DRAYAGE_CONFIG: silent },
    is: "2",
  },
]) {
  test(`precedence: ${name}`, async () => {
    const said = await drayage(["speed", "-i", file, ...flags], { verbs, env });
    assert.deepEqual(said, { exit: 0, out: is, err: "" });
  });
}

test("precedence: the environment may name the file", async () => {
  const said = await drayage(["speed"], { verbs, env: { DRAYAGE_CONFIG: two } });
  assert.equal(said.out, "2");
});
