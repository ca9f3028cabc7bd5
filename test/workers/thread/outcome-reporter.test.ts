import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../src/core/clock.ts";
import { Failure } from "../../../src/core/failure.ts";
import { nanos } from "../../../src/core/units.ts";
import {
  DETAIL_BYTES_MAX,
  OUTCOME_DETAIL_BYTES_AT,
  OUTCOME_ROW_AT,
} from "../../../src/ring/outcome-record.ts";
import { allocateRing, RingConsumer, RingProducer } from "../../../src/ring/record-ring.ts";
import { TallyWriter } from "../../../src/stats/tally.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { Entry } from "../../../src/workers/thread/in-flight.ts";
import { OutcomeReporter } from "../../../src/workers/thread/outcome-reporter.ts";
import { type FakeFlight, fakeTarget } from "./fake-target.ts";

/** What an outcome says about a failure with this sentence. */
function reported(detail: string): string {
  const memory = allocateRing(4096);
  // Whatever stood in the ring before must not show.
  const ring = new RingConsumer(memory);
  ring.bytes.fill(0xff);
  const limits = { onTime: nanos(1), tooLate: nanos(1) };
  const tally = new TallyWriter(allocateTally(), limits);
  const reporter = new OutcomeReporter(new RingProducer(memory), tally, {
    onTime: limits.onTime,
    reported: () => {},
  });
  const entry = new Entry(fakeTarget(new ManualClock()), { landed: () => {} });
  const flight = entry.flight as FakeFlight;
  flight.failure = Failure.reset;
  flight.detail = detail;
  assert.ok(reporter.write(entry));
  reporter.publish();
  const at = ring.peek();
  const from = at + OUTCOME_ROW_AT;
  return ring.bytes.toString(
    "utf8",
    from,
    from + ring.bytes.readUInt16LE(at + OUTCOME_DETAIL_BYTES_AT),
  );
}

for (const { words, detail, says } of [
  { words: "short", detail: "no answer", says: "no answer" },
  { words: "too long", detail: "x".repeat(1000), says: "x".repeat(DETAIL_BYTES_MAX) },
  {
    words: "too long and cut inside a character",
    detail: `x${"é".repeat(1000)}`,
    says: `x${"é".repeat((DETAIL_BYTES_MAX - 2) / 2)}`,
  },
]) {
  test(`outcome reporter: a sentence that is ${words}`, () => assert.equal(reported(detail), says));
}
