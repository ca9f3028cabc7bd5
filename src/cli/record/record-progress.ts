import type { RecorderState } from "../../record/recorder.ts";

/** Lines come so often at first, and then so often. */
const OFTEN_MS = 10_000;
const SELDOM_MS = 60_000;
const OFTEN_FOR_MS = 60_000;

type Totals = { readonly events: number; readonly lost: number; readonly atMs: number };

/** Plain lines about what is recorded, for as long as it goes on. */
export class RecordProgress {
  readonly #state: () => RecorderState;
  readonly #say: (line: string) => void;
  readonly #began: Totals;
  #last: Totals;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: () => RecorderState, say: (line: string) => void) {
    this.#state = state;
    this.#say = say;
    this.#began = totalsOf(state(), performance.now());
    this.#last = this.#began;
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    const age = performance.now() - this.#began.atMs;
    const wait = age < OFTEN_FOR_MS ? OFTEN_MS : SELDOM_MS;
    this.#timer = setTimeout(() => {
      const state = this.#state();
      const now = totalsOf(state, performance.now());
      this.#say(progressLine(state, { since: this.#last, now }));
      this.#last = now;
      this.#arm();
    }, wait);
  }
}

const totalsOf = ({ queue }: RecorderState, atMs: number): Totals => ({
  events: queue.events,
  lost: queue.lostEvents,
  atMs,
});

/** `1,234 events in 56 batches, 120/s; 0.9 of 1.1 MB committed; nothing lost` */
function progressLine(
  state: RecorderState,
  { since, now }: { readonly since: Totals; readonly now: Totals },
): string {
  const seconds = Math.max(0.001, (now.atMs - since.atMs) / 1_000);
  const rate = (now.events - since.events) / seconds;
  return [
    `${received(state)}, ${count(Math.round(rate))}/s`,
    archiveWords(state),
    lossWords(state),
    ...troubles(state),
  ].join("; ");
}

/** The last line: all that was recorded, and all that was not. */
export function finalLine(state: RecorderState): string {
  return [
    `recorded ${received(state)}`,
    archiveWords(state),
    lossWords(state),
    ...proxyWords(state),
    ...troubles(state),
  ].join("; ");
}

const received = ({ queue }: RecorderState): string =>
  `${counted(queue.events, "event")} in ${counted(queue.batches, "batch")}`;

/** What the proxy cost its clients: time that was not spent in waiting for them or for the upstream. */
function* proxyWords({ proxy }: RecorderState): Generator<string> {
  if (proxy === undefined) return;
  const { exchanges, abortedByClient, abortedByUpstream, refused, overhead } = proxy;
  const aborted = abortedByClient + abortedByUpstream;
  const words = [
    counted(exchanges, "exchange"),
    ...(aborted > 0 ? [`${count(aborted)} of them aborted`] : []),
    ...(refused > 0 ? [`${counted(refused, "request")} refused`] : []),
    `in the proxy p50 ${millis(overhead.p50)} ms, p99 ${millis(overhead.p99)} ms`,
  ];
  yield words.join(", ");
}

function archiveWords({ archive }: RecorderState): string {
  const { committedBytes, bytes, batches, committedBatches } = archive;
  const open = batches - committedBatches;
  const size = `${megabytes(committedBytes)} of ${megabytes(bytes)} MB committed`;
  return open === 0 ? size : `${size}, ${counted(open, "batch")} not yet`;
}

function lossWords({ queue, archive }: RecorderState): string {
  const { lostEvents } = queue;
  const { failure, lostBatches } = archive;
  const lost = lostEvents === 0 ? [] : [`LOST ${counted(lostEvents, "event")}`];
  if (failure === null) return lost[0] ?? "nothing lost";
  const were = lostBatches === 1 ? "was" : "were";
  return [...lost, `${counted(lostBatches, "batch")} ${were} lost with the disk: ${failure}`].join(
    "; ",
  );
}

function* troubles({ nats, proxy, queue, commands }: RecorderState): Generator<string> {
  if (queue.queued > 0) yield `${counted(queue.queued, "batch")} waiting`;
  if (nats !== undefined && !nats.isConnected) yield "NATS is not connected";
  if (nats !== undefined && nats.disconnects > 0)
    yield `connection lost ${times(nats.disconnects)}`;
  if (proxy !== undefined && proxy.open > 0) yield `${counted(proxy.open, "exchange")} open`;
  if (proxy !== undefined && proxy.unmatched > 0)
    yield `${counted(proxy.unmatched, "exchange")} matched no glob`;
  if (commands !== undefined && commands.putFailures > 0)
    yield `put failed ${times(commands.putFailures)}`;
}

const count = (number: number): string => number.toLocaleString("en-US");
const counted = (number: number, what: string): string => {
  const several = what === "batch" ? "batches" : `${what}s`;
  return `${count(number)} ${number === 1 ? what : several}`;
};
const times = (number: number): string => (number === 1 ? "once" : `${count(number)} times`);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const millis = (nanos: number): string => (nanos / 1e6).toFixed(2);
