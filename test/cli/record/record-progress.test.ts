import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { finalLine, RecordProgress } from "../../../src/cli/record/record-progress.ts";
import { bytes } from "../../../src/core/units.ts";
import type { RecorderState } from "../../../src/record/recorder.ts";

type Given = { readonly events?: number; readonly lost?: number; readonly failure?: string | null };

const stateOf = ({ events = 0, lost = 0, failure = null }: Given): RecorderState => ({
  archive: {
    file: "current",
    bytes: bytes(2_500_000),
    batches: 1_020,
    records: 1_020,
    committedBytes: bytes(2_000_000),
    committedBatches: 1_000,
    lastStamp: null,
    paths: 2,
    rotations: 0,
    commits: 3,
    lostBatches: failure === null ? 0 : 20,
    failure,
  },
  queue: { queued: 0, batches: 1_020, events, lostBatches: lost, lostEvents: lost },
  nats: undefined,
  proxy: undefined,
  commands: undefined,
});

describe("the lines of the recorder", () => {
  test("say what is recorded a second, committed and lost, every ten seconds, then every minute", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let clock = 0;
    t.mock.method(performance, "now", () => clock);
    const pass = (ms: number): void => {
      clock += ms;
      t.mock.timers.tick(ms);
    };
    const lines: string[] = [];
    let events = 0;
    const progress = new RecordProgress(
      () => stateOf({ events, lost: events === 0 ? 0 : 7 }),
      (line) => lines.push(line),
    );
    events = 12_340;
    pass(10_000);
    const committed = "2.0 of 2.5 MB committed, 20 batches not yet";
    assert.deepEqual(lines, [
      `12,340 events in 1,020 batches, 1,234/s; ${committed}; LOST 7 events`,
    ]);
    for (let n = 0; n < 5; n++) pass(10_000);
    assert.equal(lines.length, 6);
    pass(59_000);
    assert.equal(lines.length, 6);
    pass(1_000);
    assert.equal(lines.length, 7);
    progress.stop();
    pass(120_000);
    assert.equal(lines.length, 7);
  });

  test("end with all that was recorded, and why it stopped", () => {
    assert.match(finalLine(stateOf({ events: 5 })), /^recorded 5 events .*nothing lost$/);
    const failed = finalLine(stateOf({ events: 5, failure: "ENOSPC" }));
    assert.match(failed, /20 batches were lost with the disk: ENOSPC$/);
    assert.doesNotMatch(failed, /nothing lost/);
    const one = finalLine({
      ...stateOf({ events: 1, lost: 1 }),
      commands: { putting: 0, putFailures: 1 },
    });
    assert.match(one, /^recorded 1 event in 1,020 batches.* LOST 1 event; put failed once$/);
  });
});
