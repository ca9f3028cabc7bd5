import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { frameLines } from "../../../src/report/live/frame.ts";
import type { LiveRow, LiveState } from "../../../src/report/live/live-state.ts";
import { sparkline } from "../../../src/report/live/sparkline.ts";
import { paintFor } from "../../../src/report/text-table.ts";

const plain = paintFor({}, false);
const coloured = paintFor({ FORCE_COLOR: "1" }, false);

const row: LiveRow = {
  operation: "get-blob",
  done: 11_902,
  failed: 2,
  perSecond: 352,
  p50: 1.21e6,
  p90: 1.8e6,
  p99: 3.41e6,
  p999: null,
  max: 14.1e6,
  course: [1e6, 2e6, 4e6],
};

const state: LiveState = {
  verb: "run",
  directory: "runs/a",
  mood: "running",
  speed: 1,
  share: 0.512,
  elapsed: 34.2,
  left: 32.6,
  rates: { target: 400, sent: 399, done: 401 },
  bytesPerSecond: 1024 * 1024,
  inFlight: 3,
  waiting: 0,
  latenessP99: 210e3,
  health: { word: "ok", why: null },
  measured: "response",
  rows: [row],
  pullers: null,
  notes: [],
  keys: [
    ["p", "pause"],
    ["q", "drain"],
  ],
};

const size = (columns: number, rows = 24) => ({ columns, rows, unicode: false });

test("frame: at 79 columns it looks like this", () => {
  assert.deepEqual(frameLines(state, size(79), plain), [
    "run  runs/a                                                             running",
    "####################--------------------  51.2%  34.2 s, 32.6 s to go",
    "target 400/s  sent 399/s  done 401/s  in flight 3  1.00MiB/s",
    "lateness p99 210us  generator ok",
    "",
    "response         n     /s    p50    p90    p99  p99.9    max    err  p99",
    "get-blob    11,902    352 1.21ms 1.80ms 3.41ms      - 14.1ms      2  -+@",
    "",
    "p pause  q drain",
  ]);
});

const rowHeads: readonly { columns: number; head: string }[] = [
  {
    columns: 119,
    head: "response         n     /s    p50    p90    p99  p99.9    max    err  p99",
  },
  { columns: 59, head: "response         n     /s    p50    p99    max    err" },
  { columns: 40, head: "response         n    p99    max    err" },
  { columns: 20, head: "response         n" },
];

for (const { columns, head } of rowHeads) {
  test(`frame: at ${columns} columns the least missed columns are left out, and no line is wider`, () => {
    for (const paint of [plain, coloured]) {
      const lines = frameLines(state, size(columns), paint).map(stripVTControlCharacters);
      assert.ok(lines.includes(head), lines.join("\n"));
      for (const line of lines) assert.ok(line.length <= columns, line);
    }
  });
}

test("frame: colours change no letter, and plain lines hold no sequence", () => {
  const [bare, bright] = [plain, coloured].map((paint) => frameLines(state, size(79), paint));
  assert.deepEqual(bright?.map(stripVTControlCharacters), bare);
  assert.ok(bright?.some((line) => line.includes("\u001b[")));
  assert.ok(bare?.every((line) => !line.includes("\u001b")));
});

for (const rows of [1, 3, 6, 9, 24]) {
  test(`frame: on ${rows} rows it has at most so many lines, whatever there is to show`, () => {
    const many = { ...state, rows: Array.from({ length: 12 }, () => row), notes: ["a", "b"] };
    assert.ok(frameLines(many, size(79, rows), plain).length <= rows);
  });
}

const moods: readonly { change: Partial<LiveState>; shown: RegExp }[] = [
  { change: { mood: "paused", left: null }, shown: /paused$/m },
  { change: { speed: 2 }, shown: /running {2}speed 2x$/m },
  { change: { mood: "draining" }, shown: /draining$/m },
  { change: { share: null, left: null }, shown: /^34\.2 s$/m },
  { change: { waiting: 7 }, shown: /waiting 7/ },
  {
    change: { health: { word: "INVALID", why: "too late" } },
    shown: /generator INVALID: too late/,
  },
  {
    change: { pullers: { active: 2, most: 3, phase: "cold" } },
    shown: /pullers 2 of 3 {2}phase cold/,
  },
  { change: { notes: ["a\u001b[2Jb"] }, shown: /^a \[2Jb$/m },
  { change: { measured: "service", rates: { ...state.rates, target: null } }, shown: /^sent 399/m },
];

for (const { change, shown } of moods) {
  test(`frame: ${JSON.stringify(change)} is shown as ${shown.source}`, () => {
    assert.match(frameLines({ ...state, ...change }, size(79), plain).join("\n"), shown);
  });
}

test("sparkline: the last values, from nothing to the largest", () => {
  assert.equal(sparkline([9, 0, 1, 2, 4], { width: 4, unicode: true }), "▁▃▅█");
  assert.equal(sparkline([], { width: 4, unicode: true }), "");
  assert.equal(sparkline([0, 0], { width: 4, unicode: false }), "__");
});
