import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
  cpuSeconds,
  cpuSecondsOf,
  interleave,
  MissingProgram,
  median,
  requireProgram,
  resultOf,
  spread,
} from "../../perf/measure.ts";

const BURN =
  "const until = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < until);";

for (const { values, middle, half } of [
  { values: [7], middle: 7, half: 0 },
  { values: [3, 1, 2], middle: 2, half: 0.5 },
  { values: [4, 1, 3, 2], middle: 2.5, half: 0.75 },
  { values: [1, 1, 1, 1, 100], middle: 1, half: 0 },
]) {
  test(`the median of ${values} is ${middle} and the spread ${half}`, () => {
    assert.deepEqual([median(values), spread(values)], [middle, half]);
    assert.deepEqual(resultOf({ metric: "m", unit: "u" }, values), {
      metric: "m",
      unit: "u",
      value: middle,
      spread: half,
      rounds: values.length,
    });
  });
}

test("no rounds have no median", () => {
  assert.throws(() => median([]), /no rounds/);
});

test("variants take turns and their first runs are not counted", async () => {
  const order: string[] = [];
  let calls = 0;
  const run = (name: string) => () => {
    order.push(name);
    return calls++;
  };
  const values = await interleave(2, { ours: run("ours"), theirs: run("theirs") });
  assert.deepEqual(order, ["ours", "theirs", "ours", "theirs", "ours", "theirs"]);
  assert.deepEqual(values, { ours: [2, 4], theirs: [3, 5] });
});

test("processor time counts a child that has ended", (t) => {
  if (process.platform !== "linux") return t.skip("needs /proc: runs on Linux only");
  const before = cpuSeconds();
  spawnSync(process.execPath, ["-e", BURN]);
  assert.ok(cpuSeconds() - before >= 0.3);
});

test("processor time of a running child can be read", async (t) => {
  if (process.platform !== "linux") return t.skip("needs /proc: runs on Linux only");
  const child = spawn(process.execPath, [
    "-e",
    `${BURN} console.log("burnt"); setInterval(() => {}, 1000)`,
  ]);
  try {
    await once(child.stdout, "data");
    assert.ok(cpuSecondsOf(child.pid ?? 0) >= 0.3);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a program on PATH has its full path, a missing one says what to type", () => {
  assert.match(requireProgram("sh", "-"), /\/sh$/);
  assert.throws(
    () => requireProgram("no-such-program", "apt-get install nothing"),
    (error) =>
      error instanceof MissingProgram &&
      error.message === "needs no-such-program: apt-get install nothing",
  );
});
