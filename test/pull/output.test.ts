// What scripts read, byte for byte.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationBlock } from "../../src/pull/configuration-block.ts";
import { eventText } from "../../src/pull/event-text.ts";
import { localTime } from "../../src/pull/local-time.ts";
import { metricLine } from "../../src/pull/metric-line.ts";
import { OrderedLines } from "../../src/pull/ordered-lines.ts";
import { tsv } from "../../src/pull/tables.ts";

test("the configuration block is the original's, with additions behind it", () => {
  const text = configurationBlock({
    prune: false,
    dryRun: true,
    shuffle: false,
    iterationSeconds: "20",
    tallySeconds: "5",
    patterns: ["-0001", "-0002", "-0003"],
    metricsFile: "",
    logFile: "",
    registryUrl: "ubuntu.me:5000",
    pullthroughUrl: "ubuntu.me:8080",
    filter: ":v9",
    additions: [
      ["herd", "5"],
      ["concurrency-per-puller", "3"],
    ],
  });
  assert.equal(
    text,
    [
      "Parsed Configuration:",
      "  Prune:            false",
      "  DryRun:           true",
      "  Shuffle:          false",
      "  IterationSeconds: 20",
      "  TallySeconds:     5",
      "  Patterns:         [-0001 -0002 -0003]",
      "  MetricsFile:      ",
      "  LogFile:          ",
      "  RegistryURL:      ubuntu.me:5000",
      "  PullthroughURL:   ubuntu.me:8080",
      "  Filter:           :v9",
      "  Herd:             5",
      "  ConcurrencyPerPuller: 3",
      "",
    ].join("\n"),
  );
});

test("a metric line has local time, six decimals and the active pullers", () => {
  const at = new Date(2026, 0, 15, 10, 0, 5, 900).getTime();
  assert.equal(metricLine(at, 37.0662138, 1), "2026-01-15 10:00:05\t37.066214\t1\n");
  assert.equal(metricLine(at, 38.2, 12), "2026-01-15 10:00:05\t38.200000\t12\n");
});

const base = { at: 0, puller: 3 } as const;
const reference = (image: number): string => `host/ns/repo:${image}`;
const pattern = (puller: number): string => `-000${puller}`;

for (const { event, text } of [
  { event: { ...base, type: "starting" }, text: "test goroutine #3 starting" },
  { event: { ...base, type: "stopping" }, text: "test goroutine #3 stopping" },
  {
    event: { ...base, type: "probe-failed", image: 7, kind: "auth", message: "no" },
    text: "goroutine #3 error making puller for host/ns/repo:7, the error was: no",
  },
  {
    event: { ...base, type: "pull-failed", image: 7, kind: "reset", message: "gone" },
    text: "goroutine #3 error pulling host/ns/repo:7, the error was: gone",
  },
  {
    event: { ...base, type: "prune-failed", kind: "timeout", message: "late" },
    text: "goroutine #3 error pruning pattern -0003, the error was: late",
  },
  { event: { ...base, type: "backing-off", ms: 2000 }, text: "goroutine #3 backing off 2.0 s" },
  { event: { ...base, type: "resumed" }, text: "goroutine #3 resumed" },
  { event: { ...base, type: "folded", count: 4 }, text: "goroutine #3 … and 4 more" },
] as const) {
  test(`the log says: ${text}`, () => assert.equal(eventText(event, reference, pattern), text));
}

test("lines come out in the order of their times, however they came in", () => {
  const written: string[] = [];
  const lines = new OrderedLines((text) => written.push(text));
  const now = Date.now();
  lines.add(now + 2, "second");
  lines.add(now + 1, "first");
  lines.add(now + 3, "third");
  lines.close();
  assert.equal(
    written.join(""),
    ["first", "second", "third"].map((text) => `${localTime(now + 2)}\t${text}\n`).join(""),
  );
});

test("a cell with a tab or a break stays one cell, and what is not known is empty", () => {
  assert.equal(tsv(["a", "b", "c"], [["x\ty\nz", null, 0.1 + 0.2]]), "a\tb\tc\nx y z\t\t0.3\n");
});
