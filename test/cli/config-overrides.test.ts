import assert from "node:assert/strict";
import { test } from "node:test";
import { mistakesIn } from "./config-file.ts";

for (const { set, says } of [
  {
    set: "client_info.thread=3",
    says: '--set client_info.thread: unknown key "client_info.thread"; did you mean "threads"?',
  },
  {
    set: "client_info.threads=x",
    says: '--set client_info.threads: client_info.threads: expected a whole number of at least 1, or "auto", found "x"',
  },
  {
    set: "nothing.at.all=1",
    says: '--set nothing.at.all: unknown key "nothing"; known here: verbose, trace, registry, client_info, cluster, warmup, run, thresholds, simulate',
  },
  {
    set: "verbose",
    says: "--set verbose: write --set KEY.PATH=VALUE, such as client_info.speed=2",
  },
  { set: "=3", says: "--set =3: write --set KEY.PATH=VALUE, such as client_info.speed=2" },
  {
    set: "trace..x=3",
    says: "--set trace..x: write --set KEY.PATH=VALUE, such as client_info.speed=2",
  },
  {
    set: "trace.traces.5=b",
    says: '--set trace.traces.5: "5" is no index of a list of 1: count from 0',
  },
  {
    set: "trace.output.x=b",
    says: '--set trace.output.x: "trace.output" is a single value, it has no "x"',
  },
  { set: "trace.traces=[a", says: /^--set trace\.traces: not YAML: / },
  { set: "__proto__.polluted=1", says: /^--set __proto__\.polluted: unknown key "__proto__"/ },
]) {
  test(`config: --set ${set} is refused by its name`, () => {
    const text = "trace: {traces: [a], output: o}\nsimulate: {name: x}\n";
    const [said = "", ...more] = mistakesIn(text, { mode: "simulate", overrides: [set] });
    assert.deepEqual(more, []);
    if (typeof says === "string") assert.equal(said, says);
    else assert.match(said, says);
  });
}
