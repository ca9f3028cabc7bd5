// How a ramp is told while it goes on: to the view, to collectors of metrics, to its thresholds.
import type { PullDriver } from "../../pull/driver.ts";
import type { PullBegun } from "../../pull/driver-contract.ts";
import { type PullSecond, pullsAlone } from "../../pull/second-reader.ts";
import { clientLimited, LOOP_DELAY_MS_MAX } from "../../pull/step-record.ts";
import { runFamily } from "../../report/metrics/run-families.ts";
import type { ThresholdResult } from "../../report/thresholds/threshold.ts";
import { ThresholdWatch } from "../../report/thresholds/threshold-watch.ts";
import { seriesPoint } from "../../report/timeseries.ts";
import { emptyDistribution } from "../../stats/distribution.ts";
import { type IntervalSnapshot, mergeClasses, type Totals } from "../../stats/figures.ts";
import { FiguresSum } from "../../stats/figures-sum.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import type { Validity } from "../../stats/validity.ts";
import { BoardWord } from "../../workers/pull-board.ts";
import { pullClassOf } from "../../workers/pull-classes.ts";
import type { Terminal } from "../command.ts";
import { openView } from "../live/open-view.ts";
import type { RunView, ViewedRun } from "../live/run-view.ts";
import { nodeFamilies } from "../metrics/node-families.ts";
import type { Publication } from "../metrics/publication.ts";
import type { Interrupts } from "../replay/interrupts.ts";
import { givenThresholds } from "../thresholds/given-thresholds.ts";
import { version } from "../version.ts";
import { pullFamilies } from "./pull-families.ts";
import type { PullRequest } from "./pull-request.ts";
import { belongsToPull, pullWords, WHOLE } from "./pull-thresholds.ts";

type CourseParts = {
  readonly request: PullRequest;
  /** Null where nothing is kept. */
  readonly directory: string | null;
  readonly published: Publication;
  /** Names of the phases that follow the schedule, in order. */
  readonly schedules: readonly string[];
  /** Made later. */
  readonly driver: () => Pick<PullDriver, "place" | "nodes" | "drain">;
  readonly interrupts: () => Interrupts;
  /** Writes the results so far; says where. */
  readonly snapshot: () => Promise<string>;
};

const noPause = "a ramp keeps its schedule: it has neither pause nor speed";

export class PullCourse {
  readonly view: RunView;
  readonly #parts: CourseParts;
  readonly #watch: ThresholdWatch;
  /** Everything measured. */
  readonly #figures = new FiguresSum();
  #seconds = 0;
  #begun: PullBegun | undefined;
  #phase = "";

  constructor(parts: CourseParts, terminal: Terminal) {
    this.#parts = parts;
    const { given } = parts.request;
    this.#watch = new ThresholdWatch(givenThresholds(given.threshold, pullWords), {
      paced: false,
      belongs: belongsToPull,
      onAbort: (text) => {
        this.view.say(`aborted by a threshold: ${text}`);
        parts.driver().drain("threshold");
      },
    });
    this.view = openView(this.#viewed(), { ui: given.ui ?? "auto", quiet: false }, terminal);
    const { published, directory } = parts;
    published.tell((line) => this.view.say(line));
    const about = runFamily({ verb: "pull", version, directory: directory ?? "" });
    published.show(() => [about, ...this.#families()]);
  }

  #viewed(): ViewedRun {
    const { directory, driver, interrupts, snapshot, request } = this.#parts;
    const { levelMax, steps } = request.settings.schedule;
    return {
      verb: "pull",
      directory,
      paced: false,
      judge,
      nodes: () => driver().nodes,
      steering: {
        control: () => ({ applied: false, reason: noPause }),
        interrupt: () => interrupts().press(),
        end: (kind) => interrupts().end(kind),
        snapshot,
      },
      ramp: {
        rows,
        whole: WHOLE,
        inFlight: () => this.#inProgress(),
        pullers: () => {
          const { phase, step, level } = driver().place;
          const at = step === 0 ? "" : `, step ${step} of ${steps.length}`;
          return {
            active: level,
            most: request.settings.herd?.clients ?? levelMax,
            phase: `${phase}${request.settings.herd === undefined ? at : ""}`,
          };
        },
      },
    };
  }

  #inProgress(): number {
    const boards = this.#begun?.boards ?? [];
    return boards.reduce((sum, board) => sum + board.get(BoardWord.pullsInProgress), 0);
  }

  #families() {
    if (this.#begun === undefined) return [];
    const { tallies, boards } = this.#begun;
    const totals = new TallyReader(tallies).totals();
    const { place, nodes } = this.#parts.driver();
    return [...pullFamilies({ totals, boards, place }), ...nodeFamilies(nodes)];
  }

  started(begun: PullBegun): void {
    this.#begun = begun;
    const { wallMs, origin, clock, at, tallies } = begun;
    this.view.started({ wallUs: wallMs * 1000, origin, clock, at }, { tallies });
  }

  second(second: PullSecond): void {
    const { snapshot, measured, phase } = second;
    if (phase !== this.#phase) this.#expect(second);
    this.view.interval(seriesPoint(pullsAlone(snapshot), null));
    if (!measured) return;
    this.#figures.add(snapshot);
    this.#seconds += (snapshot.end - snapshot.start) / 1e9;
    this.#watch.interval({ snapshot, planned: null });
  }

  /** The end is known as far as the schedules of the phases that are still to come: a pass takes as long as it takes. */
  #expect({ phase, snapshot }: PullSecond): void {
    this.#phase = phase;
    const { schedules, request } = this.#parts;
    const { herd, schedule } = request.settings;
    const ahead = schedules.slice(schedules.indexOf(phase)).length;
    if (herd !== undefined || !schedules.includes(phase)) return;
    this.view.expect({
      scheduleSeconds: snapshot.start / 1e9 + (ahead * schedule.endMs) / 1000,
    });
  }

  /** Another master has ended it for a threshold. */
  recall(): void {
    this.#watch.recall();
  }

  /** Whether a threshold ended it. */
  get aborted(): boolean {
    return this.#watch.aborted;
  }

  /** What became of the thresholds; afterwards nothing can abort. */
  thresholds(): ThresholdResult[] {
    this.#watch.end();
    return this.#watch.results({
      figures: { classes: this.#figures.figures().classes, lateness: emptyDistribution },
      paced: false,
      seconds: this.#seconds,
      achieved: null,
    });
  }
}

/** The row of whole pulls, and one per type of request. */
function rows(snapshot: IntervalSnapshot) {
  const named = snapshot.classes.map((part) => ({
    ...part,
    operation: pullClassOf(part.operation),
  }));
  const isPull = ({ operation }: { operation: string }): boolean => operation.startsWith("pull-");
  return {
    start: snapshot.start,
    end: snapshot.end,
    classes: [
      { ...mergeClasses(named.filter(isPull)), operation: WHOLE },
      ...named.filter((part) => !isPull(part)),
    ],
    lateness: emptyDistribution,
  };
}

/** As the flag `C` judges a step. */
function judge({ health }: Totals): Validity {
  const delay = Math.max(0, ...health.map(({ loopDelayP99 }) => loopDelayP99)) / 1e6;
  const reasons = delay > LOOP_DELAY_MS_MAX ? [clientLimited] : [];
  return { verdict: reasons.length === 0 ? "ok" : "strained", cause: null, reasons };
}
