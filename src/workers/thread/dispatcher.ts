// Drains the ring, asks when each operation is due, launches it, and reports how it ended.
//
// `pass` and `landed` run once or twice per request; budget 1 us of processor time beside the wire, one clock reading a
// pass. They must not allocate, wait or throw. Guarded by perf/end-to-end-loopback.bench.ts. A run that is paused or sped up
// has its due times mapped by a timebase (pacing/timebase.ts), which is one load a pass for all others.
//
//   ring --peek--> due? --entry--> lane free? --ready--> place free? --launch--> … --landed--> tally, outcome ring
//                   |                 |                     |
//                 alarm            Lanes.waiting         #ready
import type { Clock } from "../../core/clock.ts";
import { operationClassOf } from "../../core/operation.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import type { Target } from "../../plugins/plugin.ts";
import { DUE_AT } from "../../ring/operation-record.ts";
import type { RingConsumer } from "../../ring/record-ring.ts";
import { LateCause, Stamp, type TallyWriter } from "../../stats/tally.ts";
import type { Alarm } from "./alarm.ts";
import { Entry, EntryQueue, EntryTable } from "./in-flight.ts";
import { type LaneRule, Lanes } from "./lanes.ts";
import type { OutcomeReporter } from "./outcome-reporter.ts";

export type DispatcherParts = {
  readonly ring: RingConsumer;
  readonly target: Target;
  readonly clock: Clock;
  readonly timebase: Timebase;
  readonly alarm: Alarm;
  readonly tally: TallyWriter;
  readonly reporter: OutcomeReporter;
};

export type DispatcherLimits = {
  /** Operations under way at once. */
  readonly places: number;
  /** Operations loaded at once where lanes make some wait. */
  readonly entries: number;
  readonly lanes: LaneRule | "none";
};

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #places: number;
  readonly #table: EntryTable;
  readonly #lanes: Lanes | undefined;
  /** Free to start but for a place. */
  readonly #ready = new EntryQueue();
  /** Ended while the outcome ring was full: they keep their place until they are reported. */
  readonly #unreported = new EntryQueue();
  readonly #finished: () => void;
  #startedAt: Nanos = nanos(0);
  #underWay = 0;
  #draining = false;
  #passing = false;
  #done = false;
  /** The next operation is due and waits for an entry: a landing calls, no alarm is needed. */
  #waitsForEntry = false;
  /** Last instant at which something due found no place: whoever was due before it is late for want of places. */
  #fullAt = Number.NEGATIVE_INFINITY;
  /** The run was paused or sped up, or will be: due times of records are mapped. */
  #mapped = false;
  /** The run is paused: operations without a due time may start at `#startableAt`. */
  #held = false;
  #startableAt = Number.NEGATIVE_INFINITY;

  constructor(parts: DispatcherParts, limits: DispatcherLimits, finished: () => void) {
    this.#parts = parts;
    this.#places = limits.places;
    this.#finished = finished;
    const entries = limits.lanes === "none" ? limits.places : limits.entries;
    this.#table = new EntryTable(entries, () => new Entry(parts.target, this));
    this.#lanes =
      limits.lanes === "none"
        ? undefined
        : new Lanes(limits.lanes, (entry) => this.#startOrQueue(entry));
  }

  /** The instant that due times count from has come, or comes soon: due times decide. */
  start(at: Nanos): void {
    this.#startedAt = at;
    this.#parts.alarm.ring(() => this.pass(), at);
    this.pass();
  }

  /** Starts everything that is due and finds a place, then sets the alarm for what comes next. */
  pass(): void {
    if (this.#passing || this.#done) return;
    this.#passing = true;
    this.#reportLeftOvers();
    const now = this.#elapsed();
    if (this.#parts.timebase.changed) this.#consultTimebase(now);
    while (this.#takeNext(now));
    this.#parts.ring.releaseInBulk();
    this.#passing = false;
    this.#rest(now);
  }

  /** Takes the next operation off the ring if it is due and there is room. */
  #takeNext(now: number): boolean {
    const { ring } = this.#parts;
    this.#waitsForEntry = false;
    const at = ring.peek();
    if (at < 0) return false;
    if (!this.#draining && !this.#mayTake(ring.doubles[(at + DUE_AT) >> 3] as number, now))
      return false;
    const entry = this.#table.borrow();
    if (entry === undefined) {
      this.#fullAt = now;
      this.#waitsForEntry = true;
      return false;
    }
    entry.load(ring, at);
    if (this.#mapped) entry.due = this.#parts.timebase.dueAt(entry.due);
    ring.take();
    if (this.#draining) this.#drop(entry);
    else this.#admit(entry);
    return true;
  }

  /** `due` as in the record. NaN, "as soon as possible", is never greater than anything, but nothing goes before the start. */
  #mayTake(due: number, now: number): boolean {
    if (now < 0) return false;
    if (!this.#mapped) return !(due > now);
    return Number.isNaN(due) ? !this.#held : this.#parts.timebase.dueAt(due) <= now;
  }

  /** Somebody pauses the run or changes its speed, or has done so. */
  #consultTimebase(now: number): void {
    this.#mapped = true;
    this.#startableAt = this.#parts.timebase.startableAt(now);
    this.#held = this.#startableAt > now;
    this.#startReady();
  }

  /** Gives free places to those that wait for one. In a pause, what was due before it still goes out, and nothing else. */
  #startReady(): void {
    while (this.#underWay < this.#places) {
      const { first } = this.#ready;
      if (first === undefined || this.#isHeld(first)) return;
      this.#ready.shift();
      this.#launch(first);
    }
  }

  #isHeld(entry: Entry): boolean {
    return this.#held && Number.isNaN(entry.due);
  }

  #admit(entry: Entry): void {
    if (entry.due <= this.#fullAt) entry.waited = true;
    if (this.#lanes !== undefined) this.#lanes.enter(entry);
    else this.#startOrQueue(entry);
  }

  #startOrQueue(entry: Entry): void {
    if (this.#underWay < this.#places && this.#ready.length === 0 && !this.#isHeld(entry)) {
      this.#launch(entry);
      return;
    }
    entry.waited = true;
    this.#ready.push(entry);
  }

  #launch(entry: Entry): void {
    this.#underWay++;
    entry.flight.launch();
    entry.stamps[Stamp.due] = entry.due;
    entry.stamps[Stamp.sent] = entry.flight.sentAt - this.#startedAt;
    const { op, kind } = entry.flight.order;
    const cause = entry.waited ? LateCause.slots : LateCause.generator;
    this.#parts.tally.started(entry.stamps, 0, operationClassOf(op, kind), cause);
  }

  /** Called by an entry whose flight has ended. Flights end from callbacks of the event loop, never within `launch`. */
  landed(entry: Entry): void {
    this.#underWay--;
    const { flight, stamps } = entry;
    stamps[Stamp.sent] = flight.sentAt - this.#startedAt;
    stamps[Stamp.firstByte] = flight.firstByteAt - this.#startedAt;
    stamps[Stamp.done] = flight.doneAt - this.#startedAt;
    stamps[Stamp.connected] = flight.connectedAt - this.#startedAt;
    this.#parts.reporter.tally(entry);
    this.#report(entry);
    if (this.#parts.timebase.changed) this.#consultTimebase(this.#elapsed());
    this.#lanes?.leave(entry);
    this.#startReady();
    this.pass();
  }

  #report(entry: Entry): void {
    if (this.#unreported.length === 0 && this.#parts.reporter.write(entry)) {
      this.#table.giveBack(entry);
    } else {
      this.#unreported.push(entry);
    }
  }

  #reportLeftOvers(): void {
    for (let entry = this.#unreported.first; entry !== undefined; entry = this.#unreported.first) {
      if (!this.#parts.reporter.write(entry)) return;
      this.#unreported.shift();
      this.#table.giveBack(entry);
    }
  }

  /** Nothing more can start now: ends, or decides what to wait for. */
  #rest(now: number): void {
    const { ring, alarm, reporter, tally } = this.#parts;
    reporter.publish();
    tally.waiting(this.#ready.length + (this.#lanes?.waiting ?? 0));
    if (this.#unreported.length > 0) {
      alarm.soon();
      return;
    }
    if (this.#held) alarm.at(nanos(now), nanos(this.#startableAt));
    const at = ring.peek();
    if (at >= 0) {
      if (!this.#waitsForEntry) this.#awaitDue(now, ring.doubles[(at + DUE_AT) >> 3] as number);
      return;
    }
    if (!ring.ended()) alarm.onRecords();
    else if (this.#table.takenCount === 0) this.#finish();
  }

  /** A record without a due time stands here before the start, or when it was published since the last look: it is due. */
  #awaitDue(now: number, due: number): void {
    const { alarm, timebase } = this.#parts;
    if (!Number.isNaN(due)) alarm.at(nanos(now), this.#mapped ? timebase.dueAt(due) : nanos(due));
    else if (now < 0) alarm.at(nanos(now), nanos(0));
    else if (!this.#held) alarm.soon();
  }

  #finish(): void {
    this.#done = true;
    this.#parts.reporter.close();
    this.#finished();
  }

  /** First interrupt: what is under way ends, everything else is reported as not sent. */
  drain(): void {
    this.#draining = true;
    this.#lanes?.dropWaiting((entry) => this.#drop(entry));
    for (let entry = this.#ready.shift(); entry !== undefined; entry = this.#ready.shift()) {
      this.#drop(entry);
    }
    this.pass();
  }

  /** Second interrupt: what is under way is cut off as well. */
  stop(): void {
    this.drain();
    for (const entry of this.#table.taken()) {
      if (!entry.dropped) entry.flight.abort();
    }
  }

  #drop(entry: Entry): void {
    entry.dropped = true;
    this.#report(entry);
  }

  #elapsed(): number {
    return this.#parts.clock.now() - this.#startedAt;
  }
}
