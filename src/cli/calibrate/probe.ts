// One run of the engine, the same that `drayage load` uses, read out window by window.
//
//   |-- marks[0] --|-- marks[1] --|-- marks[2] --|        a window ends at each mark, seconds since the start
//
// Nothing is left out: outcomes go through their rings to the main thread, tallies are read.
import { DrayageError } from "../../core/errors.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import type { PacingMode } from "../../pacing/wake-plan.ts";
import { requestHead } from "../../registry/request-head.ts";
import { overall } from "../../report/run-figures.ts";
import type { Totals } from "../../stats/figures.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { ReceiveBytes } from "../../wire/thread-wire.ts";
import { Engine, type EnginePlan, type EngineStart } from "../../workers/engine.ts";
import type { LoadFeedPlan, LoadSchedule } from "../../workers/feed-plan.ts";
import { LoadOutcomes } from "../load/load-run.ts";
import { userAgent } from "../replay/client-plan.ts";
import { usualLimits } from "./trusted-rate.ts";

/** What is common to all runs of a calibration. */
export type ProbeSite = {
  /** Of the responders. */
  readonly origin: string;
  readonly workers: number;
  /** Cuts a run off. */
  readonly signal: AbortSignal;
};

export type ProbePlan = {
  readonly schedule: LoadSchedule;
  readonly pacing: PacingMode;
  /** `/s`: a small body, `/b`: a large one. */
  readonly path: "/s" | "/b";
  readonly connections: number;
  /** Seconds since the start at which windows end; the run ends with the last one. Empty: it ends with its schedule. */
  readonly marks: readonly number[];
};

export type ProbeWindow = {
  /** Figures of the window; health is as it stands at its end. */
  readonly figures: Totals;
  readonly seconds: number;
  /** Processor time of this process. */
  readonly cpuSeconds: number;
};

export type ProbeEnd = {
  readonly totals: Totals;
  /** Requests that were due. */
  readonly planned: number;
  /** From the start to the last sending. */
  readonly sendingSeconds: number;
  readonly cpuSeconds: number;
};

const cpuSecondsNow = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** `look` is called at each mark; "stop" ends the run there. Throws what `signal` was aborted with, and DrayageError. */
export async function runProbe(
  site: ProbeSite,
  plan: ProbePlan,
  look: (window: ProbeWindow, index: number) => "on" | "stop",
): Promise<ProbeEnd> {
  site.signal.throwIfAborted();
  const outcomes = new LoadOutcomes();
  let planned = 0;
  let windows: Windows | undefined;
  let cpuAtStart = 0;
  const engine = new Engine(enginePlan(site, plan), {
    keeper: outcomes,
    started(start) {
      cpuAtStart = cpuSecondsNow();
      windows = new Windows(start, new TallyReader(engine.tallies), plan.marks);
      windows.follow((window, index) => {
        const isLast = index === plan.marks.length - 1;
        if (look(window, index) === "stop" || isLast) {
          windows?.close();
          engine.drain();
        }
      });
    },
    feeding(message) {
      if (message.type === "planned") planned += message.operations;
    },
  });
  const cut = (): void => {
    windows?.close();
    engine.stop();
  };
  site.signal.addEventListener("abort", cut, { once: true });
  try {
    await engine.run();
  } finally {
    windows?.close();
    site.signal.removeEventListener("abort", cut);
  }
  site.signal.throwIfAborted();
  requireSuccess(outcomes);
  const cpuSeconds = cpuSecondsNow() - cpuAtStart;
  const totals = new TallyReader(engine.tallies).totals();
  return { totals, planned, sendingSeconds: outcomes.lastSentSeconds, cpuSeconds };
}

/** The responder is ours and loses nothing: a failure is the machine's, and no figure would mean anything. */
function requireSuccess({ examples }: LoadOutcomes): void {
  const [first] = Object.entries(examples);
  if (first === undefined) return;
  const [label, example] = first;
  throw new DrayageError(
    "target-unreachable",
    `requests to the responder of the calibration failed: ${label} (${example})`,
  );
}

class Windows {
  readonly #start: EngineStart;
  readonly #reader: TallyReader;
  readonly #marks: readonly number[];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #from: Nanos = nanos(0);
  #cpuBefore = cpuSecondsNow();

  constructor(start: EngineStart, reader: TallyReader, marks: readonly number[]) {
    this.#start = start;
    this.#reader = reader;
    this.#marks = marks;
  }

  follow(look: (window: ProbeWindow, index: number) => void, index = 0): void {
    const mark = this.#marks[index];
    if (mark === undefined || this.#closed) return;
    const { clock, at } = this.#start;
    const wait = (at + mark * 1e9 - clock.now()) / 1e6;
    this.#timer = setTimeout(
      () => {
        look(this.#take(), index);
        this.follow(look, index + 1);
      },
      Math.max(0, wait),
    );
  }

  #take(): ProbeWindow {
    const { clock, at } = this.#start;
    const to = nanos(clock.now() - at);
    const cpu = cpuSecondsNow();
    const window = {
      figures: this.#reader.takeInterval(this.#from, to),
      seconds: (to - this.#from) / 1e9,
      cpuSeconds: cpu - this.#cpuBefore,
    };
    this.#from = to;
    this.#cpuBefore = cpu;
    return window;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

function enginePlan(
  { origin, workers }: ProbeSite,
  { schedule, pacing, path, connections }: ProbePlan,
): EnginePlan {
  const style = { hostHeader: new URL(origin).host, userAgent, keepAlive: true };
  const places = Math.ceil(connections / workers);
  const feed: LoadFeedPlan = {
    kind: "load",
    schedule,
    head: requestHead("GET", path, style).toString("latin1"),
    bodyBytes: 0,
    sha256: undefined,
    seed: "0",
    threads: workers,
  };
  return {
    threads: workers,
    feed,
    client: {
      endpoints: [
        {
          origin,
          pathPrefix: "",
          namePrefix: "",
          style,
          insecure: false,
          auth: { type: "none" },
        },
      ],
      timeouts: { connect: 10, firstByte: 60, idle: 60, total: 0 },
      retries: { count: 0, backoffMs: 500, on: [] },
      keepAlive: true,
      seed: "0",
      random: false,
      receiveBytes: ReceiveBytes.blobs,
    },
    limits: { places, entries: places, lanes: "none" },
    pacing,
    onTimeNs: usualLimits.onTime * 1e6,
    tooLateNs: usualLimits.lateness * 1e6,
  };
}

export const doneIn = ({ figures }: ProbeWindow): { done: number; bytesIn: number } =>
  overall(figures);
