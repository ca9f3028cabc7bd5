import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../src/core/clock.ts";
import { Failure } from "../../../src/core/failure.ts";
import { Kind, Op } from "../../../src/core/operation.ts";
import { nanos } from "../../../src/core/units.ts";
import { allocateTimebase, Timebase } from "../../../src/pacing/timebase.ts";
import { type RunControl, TimebaseControl } from "../../../src/pacing/timebase-control.ts";
import {
  DIGEST_AT,
  operationRecordBytes,
  TARGET_AT,
  writeOperationFields,
} from "../../../src/ring/operation-record.ts";
import {
  Disposition,
  OUTCOME_DONE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
} from "../../../src/ring/outcome-record.ts";
import { allocateRing, RingConsumer, RingProducer } from "../../../src/ring/record-ring.ts";
import { TallyWriter } from "../../../src/stats/tally.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { TallyReader } from "../../../src/stats/tally-reader.ts";
import type { Alarm } from "../../../src/workers/thread/alarm.ts";
import { Dispatcher, type DispatcherLimits } from "../../../src/workers/thread/dispatcher.ts";
import { OutcomeReporter } from "../../../src/workers/thread/outcome-reporter.ts";
import { type FakeFlight, fakeTarget } from "./fake-target.ts";

const MS = 1e6;
const NONE = 0xffffffff;

type Given = { due?: number; slot?: number; session?: number; after?: number };

/** A dispatcher over real rings and a real tally, with a clock and a target that do what the test says. */
function stage(limits: Partial<DispatcherLimits> & { outcomeBytes?: number } = {}) {
  const clock = new ManualClock();
  const operations = allocateRing(64 * 1024);
  const outcomeRing = allocateRing(limits.outcomeBytes ?? 64 * 1024);
  const feed = new RingProducer(operations);
  const outcomes = new RingConsumer(outcomeRing);
  const tallyMemory = allocateTally();
  const tally = new TallyWriter(tallyMemory, { onTime: nanos(10 * MS), tooLate: nanos(100 * MS) });
  const target = fakeTarget(clock);
  const alarms: string[] = [];
  // The alarm is the thread's event loop; here the test calls `pass` itself.
  const alarm = {
    ring: () => {},
    at: (_now: number, due: number) => alarms.push(`at ${due / MS}`),
    soon: () => alarms.push("soon"),
    onRecords: () => alarms.push("records"),
    close: () => {},
  } as unknown as Alarm;
  let finished = false;
  const reporter = new OutcomeReporter(new RingProducer(outcomeRing), tally, {
    onTime: nanos(10 * MS),
    reported: () => {},
  });
  const memory = allocateTimebase();
  const timebase = new Timebase(memory);
  const control = new TimebaseControl(memory);
  const dispatcher = new Dispatcher(
    { ring: new RingConsumer(operations), target, clock, timebase, alarm, tally, reporter },
    { places: limits.places ?? 2, entries: limits.entries ?? 16, lanes: limits.lanes ?? "none" },
    () => {
      finished = true;
    },
  );
  let seq = 0;
  return {
    clock,
    target,
    dispatcher,
    alarms,
    give(...given: Given[]): void {
      for (const one of given) putOperation(feed, seq++, one);
      feed.publish();
    },
    close: () => feed.close(),
    /** At this instant, in ms. */
    control(given: RunControl, at: number): void {
      assert.equal(control.control(given, nanos(at * MS)).applied, true);
    },
    advanceTo(at: number): void {
      clock.advance(nanos(at * MS - clock.now()));
      dispatcher.pass();
    },
    launched: () => [...target.names],
    flight: (name: string) =>
      target.launched.findLast((f) => f.order.target.toString() === name) as FakeFlight,
    outcomes: () => readOutcomes(outcomes),
    totals: () => new TallyReader([tallyMemory]).totals(),
    finished: () => finished,
  };
}

function putOperation(feed: RingProducer, seq: number, given: Given): void {
  const target = Buffer.from(`#${seq}`);
  const parts = { targetBytes: target.length, rowBytes: 0, keyBytes: 0, bodyBytes: 0 };
  const at = feed.claim(operationRecordBytes(parts));
  assert.ok(at >= 0);
  const due = given.due === undefined ? Number.NaN : given.due * MS;
  writeOperationFields(
    feed,
    at,
    {
      seq,
      due,
      size: 1,
      traced: 0,
      op: Op.GET,
      kind: Kind.blob,
      flags: 0,
      registry: 0,
      node: 0,
      slot: given.slot ?? -1,
      session: given.session ?? NONE,
      after: given.after ?? 0,
    },
    parts,
  );
  feed.bytes.fill(0, at + DIGEST_AT, at + TARGET_AT);
  target.copy(feed.bytes, at + TARGET_AT);
  feed.commit();
}

function readOutcomes(ring: RingConsumer) {
  const seen: { seq: number; sent: number; done: number; failure: number; how: number }[] = [];
  for (let at = ring.peek(); at >= 0; at = ring.peek()) {
    seen.push({
      seq: ring.words[(at + OUTCOME_SEQ_AT) >> 2] as number,
      sent: (ring.doubles[(at + OUTCOME_SENT_AT) >> 3] as number) / MS,
      done: (ring.doubles[(at + OUTCOME_DONE_AT) >> 3] as number) / MS,
      failure: ring.bytes[at + OUTCOME_FAILURE_AT] as number,
      how: ring.bytes[at + OUTCOME_HOW_AT] as number,
    });
    ring.take();
  }
  ring.release();
  return seen;
}

test("dispatcher: an operation is launched when it is due and not before", () => {
  const s = stage();
  s.give({ due: 5 }, { due: 8 });
  s.dispatcher.start(nanos(0));
  assert.deepEqual(s.launched(), []);
  assert.deepEqual(s.alarms, ["at 5"]);
  s.clock.advance(nanos(5 * MS));
  s.dispatcher.pass();
  assert.deepEqual(s.launched(), ["#0"]);
  s.clock.advance(nanos(3 * MS));
  s.dispatcher.pass();
  assert.deepEqual(s.launched(), ["#0", "#1"]);
});

test("dispatcher: without a due time, a landing starts the next operation", () => {
  const s = stage({ places: 1 });
  s.give({}, {}, {});
  s.dispatcher.start(nanos(0));
  assert.deepEqual(s.launched(), ["#0"]);
  s.flight("#0").land();
  assert.deepEqual(s.launched(), ["#0", "#1"]);
});

test("dispatcher: without a due time, nothing starts before the start either", () => {
  const s = stage({ places: 1 });
  s.give({}, {});
  s.dispatcher.start(nanos(20 * MS));
  assert.deepEqual(s.launched(), []);
  assert.deepEqual(s.alarms, ["at 0"]);
  s.advanceTo(19);
  assert.deepEqual(s.launched(), []);
  s.advanceTo(20);
  assert.deepEqual(s.launched(), ["#0"]);
});

test("dispatcher: an operation that waits for a place is late for want of places, one after a pause by the generator", () => {
  const s = stage({ places: 1 });
  s.give({ due: 0 }, { due: 1 }, { due: 300 });
  s.dispatcher.start(nanos(0));
  s.clock.advance(nanos(50 * MS));
  s.dispatcher.pass();
  s.flight("#0").land();
  assert.deepEqual(s.launched(), ["#0", "#1"]);
  s.flight("#1").land();
  s.clock.advance(nanos(500 * MS));
  s.dispatcher.pass();
  s.flight("#2").land();
  const [figures] = s.totals().classes;
  assert.equal(figures?.lateSlots, 1);
  assert.equal(figures?.lateGenerator, 1);
  assert.equal(figures?.tooLate, 1, "250 ms is above the limit of 100 ms");
});

test("dispatcher: response time counts from the due time, service time from the sending", () => {
  const s = stage({ places: 1 });
  s.give({ due: 0 });
  s.close();
  s.clock.advance(nanos(20 * MS));
  s.dispatcher.start(nanos(0));
  s.clock.advance(nanos(30 * MS));
  s.flight("#0").land();
  assert.deepEqual(s.outcomes(), [{ seq: 0, sent: 20, done: 50, failure: 0, how: 0 }]);
  assert.equal(s.finished(), true);
});

test("dispatcher: a slot runs one operation at a time, other slots go on", () => {
  const s = stage({ places: 4, lanes: "slot" });
  s.give({ slot: 0 }, { slot: 0 }, { slot: 1 });
  s.dispatcher.start(nanos(0));
  assert.deepEqual(s.launched(), ["#0", "#2"]);
  s.flight("#0").land();
  assert.deepEqual(s.launched(), ["#0", "#2", "#1"]);
});

test("dispatcher: a session's blob waits for its manifest, and what follows it in the session waits too", () => {
  const s = stage({ places: 8, lanes: "session" });
  s.give({ session: 1 }, { session: 1, after: 1 }, { session: 1 }, { session: 2 });
  s.dispatcher.start(nanos(0));
  assert.deepEqual(s.launched(), ["#0", "#3"]);
  s.flight("#0").land();
  assert.deepEqual(s.launched(), ["#0", "#3", "#1", "#2"]);
});

test("dispatcher: lanes never exceed the places", () => {
  const s = stage({ places: 1, lanes: "session" });
  s.give({ session: 1 }, { session: 2 }, { session: 3 });
  s.dispatcher.start(nanos(0));
  assert.deepEqual(s.launched(), ["#0"]);
  s.flight("#0").land();
  s.flight("#1").land();
  assert.deepEqual(s.launched(), ["#0", "#1", "#2"]);
});

test("dispatcher: outcomes that find their ring full are reported later, none is lost", () => {
  const s = stage({ places: 1, outcomeBytes: 4096 });
  s.give(...Array.from({ length: 100 }, () => ({})));
  s.close();
  s.dispatcher.start(nanos(0));
  let seen: number[] = [];
  for (let turn = 0; turn < 300 && !s.finished(); turn++) {
    for (const flight of s.target.launched) if (flight.flying) flight.land();
    if (turn % 50 === 49) seen = seen.concat(s.outcomes().map(({ seq }) => seq));
    s.dispatcher.pass();
  }
  seen = seen.concat(s.outcomes().map(({ seq }) => seq));
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, seq) => seq),
  );
  assert.equal(s.finished(), true);
});

test("dispatcher: a drain ends what is under way and reports everything else as not sent", () => {
  const s = stage({ places: 1 });
  s.give({ due: 0 }, { due: 0 }, { due: 9_000 });
  s.close();
  s.dispatcher.start(nanos(0));
  s.dispatcher.drain();
  assert.equal(s.finished(), false, "one is under way");
  s.flight("#0").land();
  const how = s.outcomes().map((outcome) => [outcome.seq, outcome.how]);
  assert.deepEqual(how.sort(), [
    [0, Disposition.sent],
    [1, Disposition.notSent],
    [2, Disposition.notSent],
  ]);
  assert.equal(s.finished(), true);
});

test("dispatcher: a stop cuts off what is under way", () => {
  const s = stage({ places: 2 });
  s.give({}, {}, {});
  s.close();
  s.dispatcher.start(nanos(0));
  s.dispatcher.stop();
  const seen = s.outcomes();
  assert.deepEqual(seen.map(({ seq, failure, how }) => [seq, failure, how]).sort(), [
    [0, Failure.aborted, Disposition.sent],
    [1, Failure.aborted, Disposition.sent],
    [2, seen.find(({ seq }) => seq === 2)?.failure, Disposition.notSent],
  ]);
  assert.equal(s.finished(), true);
});

test("dispatcher: in a pause nothing comes due, and afterwards everything is due later by its length", () => {
  const s = stage({ places: 8 });
  s.give({ due: 5 }, { due: 10 }, { due: 20 });
  s.close();
  s.dispatcher.start(nanos(0));
  s.control({ kind: "pause" }, 10);
  s.advanceTo(500);
  assert.deepEqual(s.launched(), ["#0"], "what is due at the instant of the pause waits");
  assert.equal(s.alarms.at(-1), "at Infinity");
  s.control({ kind: "resume" }, 1000);
  s.dispatcher.pass();
  assert.equal(s.alarms.at(-1), "at 1000");
  s.advanceTo(1000);
  assert.deepEqual(s.launched(), ["#0", "#1"]);
  s.advanceTo(1010);
  for (const name of s.launched()) s.flight(name).land();
  const { lateness, classes } = s.totals();
  assert.equal(lateness.total, 3);
  assert.equal(classes[0]?.lateGenerator, 1, "only the first, that was launched after 500 ms");
  assert.equal(classes[0]?.onTime, 2);
});

test("dispatcher: what was due before a pause and waits for a place still goes out, as it was due", () => {
  const s = stage({ places: 1 });
  s.give({ due: 0 }, { due: 1 }, { due: 50 });
  s.dispatcher.start(nanos(0));
  s.control({ kind: "pause" }, 10);
  s.advanceTo(20);
  s.flight("#0").land();
  assert.deepEqual(s.launched(), ["#0", "#1"]);
  s.flight("#1").land();
  assert.deepEqual(s.launched(), ["#0", "#1"]);
});

test("dispatcher: twice the speed halves what is left of the way to a due time", () => {
  const s = stage();
  s.give({ due: 100 });
  s.dispatcher.start(nanos(0));
  s.control({ kind: "speed", factor: 2 }, 20);
  s.dispatcher.pass();
  assert.equal(s.alarms.at(-1), "at 60");
  s.advanceTo(59);
  assert.deepEqual(s.launched(), []);
  s.advanceTo(60);
  assert.deepEqual(s.launched(), ["#0"]);
});

const unpaced: readonly { name: string; limits: Partial<DispatcherLimits>; given: Given }[] = [
  { name: "places alone", limits: { places: 1 }, given: {} },
  { name: "lanes and places", limits: { places: 1, lanes: "session" }, given: { session: 1 } },
];

for (const { name, limits, given } of unpaced) {
  test(`dispatcher: without due times, in a pause nothing new starts and what is under way ends: ${name}`, () => {
    const s = stage(limits);
    s.give(given, given, given);
    s.close();
    s.dispatcher.start(nanos(0));
    s.control({ kind: "pause" }, 10);
    s.advanceTo(20);
    s.flight("#0").land();
    assert.deepEqual(s.launched(), ["#0"]);
    assert.equal(s.alarms.at(-1), "at Infinity");
    s.control({ kind: "resume" }, 70);
    s.dispatcher.pass();
    assert.equal(s.alarms.at(-1), "at 70");
    s.advanceTo(70);
    assert.deepEqual(s.launched(), ["#0", "#1"]);
    s.flight("#1").land();
    s.flight("#2").land();
    assert.equal(s.finished(), true);
  });
}

test("dispatcher: an interrupt ends a pause: nothing of it starts any more", () => {
  const s = stage({ places: 1 });
  s.give({ due: 0 }, { due: 50 });
  s.close();
  s.dispatcher.start(nanos(0));
  s.control({ kind: "pause" }, 10);
  s.advanceTo(100);
  s.dispatcher.drain();
  s.flight("#0").land();
  assert.deepEqual(
    s.outcomes().map(({ how }) => how),
    [Disposition.sent, Disposition.notSent],
  );
  assert.equal(s.finished(), true);
});

test("dispatcher: a run that begins paused starts nothing, not even in the moment before its start", () => {
  const s = stage();
  s.give({});
  s.control({ kind: "pause" }, 0);
  s.dispatcher.start(nanos(20 * MS));
  assert.deepEqual(s.launched(), []);
  s.control({ kind: "resume" }, 30);
  s.advanceTo(50);
  assert.deepEqual(s.launched(), ["#0"]);
});
