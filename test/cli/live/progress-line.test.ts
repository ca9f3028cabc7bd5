import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { Terminal } from "../../../src/cli/command.ts";
import { type Progress, ProgressLine, progressText } from "../../../src/cli/live/progress-line.ts";
import { UsageError } from "../../../src/core/errors.ts";

for (const { progress, elapsedMs = 10_000, says } of [
  {
    progress: { doing: "reading the trace", done: 1024, total: 4096, unit: "bytes" },
    says: "reading the trace: 1.00KiB of 4.00KiB, 30.0 s to go",
  },
  {
    progress: { doing: "writing", done: 1000, total: 2000, unit: "records" },
    says: "writing: 1,000 of 2,000 records, 10.0 s to go",
  },
  {
    progress: { doing: "writing", done: 1, total: 2000, unit: "records" },
    elapsedMs: 100,
    says: "writing: 1 of 2,000 records",
  },
  {
    progress: { doing: "reading", done: 0, total: 2000, unit: "records" },
    says: "reading: 0 of 2,000 records",
  },
  {
    progress: { doing: "reading", done: 12_000, total: null, unit: "rows" },
    says: "reading: 12,000 rows, 1,200/s",
  },
  {
    progress: { doing: "reading", done: 10 * 1024 * 1024, total: null, unit: "bytes" },
    says: "reading: 10.0MiB, 1.00MiB/s",
  },
] as const) {
  test(`after ${elapsedMs} ms: ${says}`, () => {
    assert.equal(progressText(progress, elapsedMs), says);
  });
}

function stage(ui: string, { isTTY = false, env = {} }: { isTTY?: boolean; env?: object } = {}) {
  let text = "";
  const err = new Writable({
    write(piece, _encoding, done) {
      text += String(piece);
      done();
    },
  });
  const terminal = { out: err, err: Object.assign(err, { isTTY }), env } as unknown as Terminal;
  const clock = { now: 0 };
  const line = new ProgressLine(terminal, { ui }, () => clock.now);
  return { line, clock, text: () => text };
}

const at = (done: number): Progress => ({ doing: "reading", done, total: 100, unit: "records" });

/** Shows a step every 100 ms for so many seconds. */
function goOn({ line, clock }: ReturnType<typeof stage>, seconds: number): void {
  for (let step = 0; step <= seconds * 10; step++) {
    clock.now = step * 100;
    line.show(at(step));
  }
}

test("what ends within two seconds says nothing", () => {
  for (const ui of ["auto", "plain", "json"]) {
    const staged = stage(ui);
    goOn(staged, 1.9);
    staged.line.end();
    assert.equal(staged.text(), "", ui);
  }
});

test("piped: a line after two seconds, then ever more rarely", () => {
  const staged = stage("auto");
  goOn(staged, 10);
  assert.deepEqual(
    staged
      .text()
      .trimEnd()
      .split("\n")
      .map((line) => /(\d+) of/.exec(line)?.[1]),
    ["20", "50", "95"],
  );
});

test("on a terminal one line is written over again, and taken away at the end", () => {
  const staged = stage("auto", { isTTY: true });
  goOn(staged, 3);
  staged.line.end();
  const pieces = staged.text().split("\r\u001b[2K");
  assert.ok(pieces.length >= 4);
  assert.equal(pieces.at(-1), "");
  assert.ok(!staged.text().includes("\n"));
});

test("a terminal of a build (CI) gets plain lines", () => {
  const staged = stage("auto", { isTTY: true, env: { CI: "true" } });
  goOn(staged, 3);
  assert.match(staged.text(), /^reading: 20 of 100 records, 8\.0 s to go\n$/);
});

test("--ui json is a JSON object a line", () => {
  const staged = stage("json");
  goOn(staged, 4);
  const [first] = staged
    .text()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { at: _, ...rest } = first;
  const told = { doing: "reading", done: 20, total: 100, unit: "records", left: 8 };
  assert.deepEqual(rest, { version: 1, type: "work", ...told });
});

test("--ui none says nothing, however long it takes; --ui live needs a terminal", () => {
  const staged = stage("none");
  goOn(staged, 60);
  assert.equal(staged.text(), "");
  assert.throws(() => stage("live"), UsageError);
});
