// Directories of pull tests that never were: their seconds are drawn, written and read by the tallies and files of real ones.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PullStore } from "../../../src/cli/pull/pull-store.ts";
import { version } from "../../../src/cli/version.ts";
import { Failure } from "../../../src/core/failure.ts";
import { random } from "../../../src/core/random.ts";
import { nanos } from "../../../src/core/units.ts";
import { SecondReader } from "../../../src/pull/second-reader.ts";
import { TallyWriter } from "../../../src/stats/tally.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { allocateBoard, BoardWord, PullBoard } from "../../../src/workers/pull-board.ts";
import { ClassOf } from "../../../src/workers/pull-classes.ts";
import { PullStamps } from "../../../src/workers/thread/puller/pull-stamps.ts";

export type DrawnRamp = {
  readonly seed: string;
  /** Of each step. */
  readonly levels?: readonly number[];
  readonly secondsPerStep?: number;
  /** Pulls a second of one puller, and their median time in ms. */
  readonly perPuller?: number;
  readonly ms?: number;
  readonly startedAt?: string;
  readonly options?: Readonly<Record<string, unknown>>;
};

const NEVER_LATE = { onTime: nanos(Number.MAX_VALUE), tooLate: nanos(Number.MAX_VALUE) };

/** Writes the directory and returns its path. Log-normal times; every second is a little faster or slower as a whole. */
export function drawRamp(directory: string, ramp: DrawnRamp): string {
  const { levels = [1, 2, 1], secondsPerStep = 12, perPuller = 40, ms = 10 } = ramp;
  const startedAt = ramp.startedAt ?? "2026-01-15T10:00:00.000Z";
  mkdirSync(directory);
  writeRecord(directory, startedAt, ramp);
  const [tally, boardMemory] = [allocateTally(), allocateBoard()];
  const writer = new TallyWriter(tally, NEVER_LATE);
  const board = new PullBoard(boardMemory);
  const reader = new SecondReader({ tallies: [tally], boards: [board], now: 0 });
  const store = new PullStore((name) => join(directory, name), Date.parse(startedAt));
  const stamps = new PullStamps();
  const chance = random(ramp.seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
  let at = 0;
  let activeSeconds = 0;
  for (const [index, level] of levels.entries()) {
    for (let second = 0; second < secondsPerStep; second++) {
      const slow = 1 + 0.01 * normal();
      const pulls = Math.round((level * perPuller) / slow);
      for (let pull = 0; pull < pulls; pull++) {
        const doneAt = at + ((pull + 1) / pulls) * 1e9 - 1;
        const sentAt = doneAt - ms * 1e6 * slow * Math.exp(0.3 * normal());
        board.change(1, sentAt);
        board.change(-1, doneAt);
        stamps.fill(Number.NaN, { sentAt, firstByteAt: (sentAt + doneAt) / 2, doneAt }, 1000);
        stamps.record({ tally: writer }, ClassOf["pull-repeat"], {
          failure: Failure.none,
          status: 0,
        });
        board.add(BoardWord.manifestGets, 1);
      }
      at += 1e9;
      activeSeconds += level;
      const place = { phase: "run", step: index + 1, level, measured: true, activeSeconds };
      const taken = reader.take(at, place);
      if (taken !== undefined) store.add(taken);
    }
  }
  store.close();
  return directory;
}

function writeRecord(
  directory: string,
  startedAt: string,
  { seed, options = {} }: DrawnRamp,
): void {
  const record = {
    version: 1,
    tool: { name: "drayage", version },
    verb: "pull",
    arguments: [],
    startedAt,
    endedAt: null,
    ending: null,
    plan: { options: { results: directory, ...options }, resolved: { seed } },
    seed,
    traces: [],
    clocks: { originWall: startedAt, originMonotonicNs: "0" },
  };
  writeFileSync(join(directory, "run.json"), JSON.stringify(record));
}
