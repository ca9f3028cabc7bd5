// A run that never was, for tests of what is written about runs: a registry at 200 requests a second that stalls for 3 s.
import { Failure } from "../../src/core/failure.ts";
import { random as randomOf } from "../../src/core/random.ts";
import { millis, nanos } from "../../src/core/units.ts";
import { CompatSum, OnTime } from "../../src/report/compat.ts";
import type { RunFigures } from "../../src/report/run-figures.ts";
import { RunTimeline } from "../../src/report/run-timeline.ts";
import type { IntervalSnapshot } from "../../src/stats/figures.ts";
import type { ThreadHealth } from "../../src/stats/tally.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { judge } from "../../src/stats/validity.ts";
import { begin, end, type Sample, writerOf } from "../stats/samples.ts";

const MS = 1e6;
const SECOND = 1e9;
export const STARTED_AT = Date.UTC(2026, 10, 22, 7, 1, 33, 250);

type Planned = Sample & { readonly due: number };

/** Share of the requests up to here, and the class they are of. */
const mix = [
  { upTo: 0.7, operationClass: 0, own: 4 * MS, size: 40_000, field: "bytesIn", status: 200 },
  { upTo: 0.9, operationClass: 1, own: 1.2 * MS, size: 800, field: "bytesIn", status: 200 },
  { upTo: 0.97, operationClass: 4, own: 0.6 * MS, size: 0, field: "bytesIn", status: 200 },
  { upTo: 1, operationClass: 2, own: 9 * MS, size: 90_000, field: "bytesOut", status: 201 },
] as const;

function plannedRequest(
  random: () => number,
  due: number,
  stall: { from: number; to: number },
): Planned {
  const drawn = random();
  const part = mix.find(({ upTo }) => drawn < upTo) ?? mix[0];
  const sent = due + random() ** 8 * 6 * MS + 0.01 * MS;
  const own = part.own * Math.exp(random() * 1.2 + random() ** 12 * 3);
  const stalled = sent >= stall.from && sent < stall.to;
  const begun = stalled ? stall.to + random() * 40 * MS : sent;
  // One in fifty opens its connection.
  const connected = Math.round(due / MS) % 250 === 0 ? { connected: sent + 0.2 * MS } : {};
  const times = { due, sent, ...connected, firstByte: begun + own * 0.4, done: begun + own };
  const bytes = { [part.field]: Math.round(part.size * Math.exp(random() * 5)) };
  const failing = random();
  const ending = { failure: Failure.none, status: part.status as number };
  if (failing < 0.004) Object.assign(ending, { failure: Failure.http, status: 503 });
  else if (stalled && failing < 0.02) Object.assign(ending, { failure: Failure.reset, status: 0 });
  return { operationClass: part.operationClass, ...times, ...bytes, ...ending };
}

export type SampleRun = {
  readonly figures: RunFigures;
  readonly snapshots: readonly IntervalSnapshot[];
  readonly timeline: RunTimeline;
};

/** Of a thread that has some more to do every few seconds. */
const healthAt = (second: number): ThreadHealth => ({
  loopDelayP99: nanos(2 * MS),
  loopDelayMax: nanos(9 * MS),
  loopDelayRecent: nanos((1 + (second % 8)) * MS),
  gcCount: 3 * second,
  gcNanos: nanos(4 * MS * second),
  gcP50: nanos(MS),
  gcP99: nanos(2 * MS),
  gcMax: nanos(3 * MS),
  cpuShare: 0.1 + (second % 5) / 20,
  wantedShare: 0.2,
  starvedShare: 0.01,
});

export function sampleRun(
  options: { seconds?: number; rate?: number; stalls?: boolean; paced?: boolean } = {},
): SampleRun {
  const { seconds = 20, rate = 200, stalls = true, paced = true } = options;
  const chance = randomOf(7);
  const random = (): number => chance.next();
  const stall = stalls ? { from: 9 * SECOND, to: 12 * SECOND } : { from: 0, to: 0 };
  const requests: Planned[] = [];
  for (let i = 0; i < seconds * rate; i++) {
    requests.push(plannedRequest(random, (i * SECOND) / rate, stall));
  }
  const memory = allocateTally();
  const tally = writerOf(memory);
  const reader = new TallyReader([memory]);
  const events = requests.flatMap((request) => {
    const { due, ...rest } = request;
    const sample: Sample = paced ? request : rest;
    return [
      { at: request.sent, act: () => begin(tally, sample) },
      { at: request.done, act: () => end(tally, sample) },
    ];
  });
  events.sort((a, b) => a.at - b.at);
  const snapshots: IntervalSnapshot[] = [];
  const timeline = new RunTimeline();
  const last = Math.max(...requests.map(({ done }) => done));
  let next = 0;
  for (let second = 0; second * SECOND < last; second++) {
    const to = (second + 1) * SECOND;
    for (let event = events[next]; event !== undefined && event.at < to; event = events[next]) {
      event.act();
      next++;
    }
    tally.health(healthAt(second));
    const snapshot = reader.takeInterval(nanos(second * SECOND), nanos(to));
    snapshots.push(snapshot);
    timeline.add({ snapshot, planned: paced ? (second < seconds ? rate : 0) : null });
  }
  return { figures: figuresOf(reader, requests, { seconds, paced, last }), snapshots, timeline };
}

function figuresOf(
  reader: TallyReader,
  requests: readonly Planned[],
  { seconds, paced, last }: { seconds: number; paced: boolean; last: number },
): RunFigures {
  const totals = reader.totals();
  const limits = { lateness: millis(100), share: 0.01, onTime: millis(10) };
  const course = {
    paced,
    planned: paced ? requests.length : null,
    plannedSeconds: paced ? seconds : null,
    sendingSeconds: seconds,
    placesKey: "client_info.threads",
    interrupted: false,
  };
  const compat = new CompatSum();
  for (const { sent, done, failure, due, bytesIn = 0, bytesOut = 0 } of requests) {
    const onTime = sent - due <= 10 * MS ? OnTime.yes : OnTime.no;
    const code = failure === Failure.none ? onTime : OnTime.failed;
    compat.add((STARTED_AT + sent / MS) / 1000, (done - sent) / SECOND, bytesIn + bytesOut, code);
  }
  return {
    tool: { name: "drayage", version: "0.1.0" },
    verb: "run",
    startedAt: STARTED_AT,
    seconds: last / SECOND,
    totals,
    validity: judge(totals, limits, course),
    ending: "finished",
    paced,
    planned: course.planned,
    traceSeconds: seconds * 10,
    skipped: { unmapped: 3, warmup_failed: 0 },
    records: { read: requests.length + 40, kept: requests.length, folded: 12, filtered: 28 },
    besides: { connectionsOpened: 64, redirects: 0, tokenRequests: 2 },
    examples: {
      "http:503": 'GET /v2/test_repo/blobs/sha256:ab… answered 503 "busy"',
      reset: "connection reset by peer",
    },
    failsOn: "all",
    calibration: null,
    compat: compat.figures(),
  };
}
