// A synthetic load from its plan to its summary.
import type { ExitCode } from "../../core/exit-code.ts";
import { failureLabel } from "../../core/failure.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import { createRunDirectory } from "../../report/run-directory.ts";
import { activeSeconds, namedNodes, overall, type RunFigures } from "../../report/run-figures.ts";
import type { Threshold } from "../../report/thresholds/threshold.ts";
import type { ThresholdWatch } from "../../report/thresholds/threshold-watch.ts";
import {
  isTold,
  OUTCOME_FAILURE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_SENT_AT,
  OUTCOME_STATUS_AT,
} from "../../ring/outcome-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import type { NodeFigures } from "../../stats/figures.ts";
import {
  achievedRate,
  judge,
  type RunCourse,
  type SaturationLimits,
} from "../../stats/validity.ts";
import type { OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import {
  type EngineEnd,
  type EnginePlan,
  type EngineStart,
  engineHere,
  type MakeEngine,
  type RunEngine,
} from "../../workers/engine.ts";
import type { LoadFeedPlan } from "../../workers/feed-plan.ts";
import { scheduledRequests } from "../../workers/load-pacer.ts";
import { type KnownCalibrations, readCalibrations } from "../calibrate/calibration-cache.ts";
import { calibrationNote, pacedBy, unpaced } from "../calibrate/calibration-note.ts";
import type { Terminal } from "../command.ts";
import type { CtlAddress } from "../ctl/ctl-address.ts";
import { viewedRun } from "../live/engine-run.ts";
import { openView } from "../live/open-view.ts";
import { type MetricsFlags, Publication } from "../metrics/publication.ts";
import { afterFailure } from "../replay/after-failure.ts";
import { besidesOf } from "../replay/besides.ts";
import { catchInterrupts } from "../replay/interrupts.ts";
import type { IntervalRecording } from "../replay/interval-recording.ts";
import { recordRun } from "../replay/outcome-recording.ts";
import { runRecord, tell, writeOutputs, writeStart } from "../replay/outputs.ts";
import { type LoggedRequests, requestLogOpener } from "../replay/request-log.ts";
import { detailOf } from "../replay/result-rows.ts";
import { endingOf, runExit } from "../replay/run-exit.ts";
import type { RunStory } from "../replay/run-story.ts";
import { unpausedSeconds } from "../replay/unpaused.ts";
import { watchRun } from "../thresholds/watch-run.ts";
import { version } from "../version.ts";
import { peakRate } from "./load-schedule.ts";

export type LoadRequest = MetricsFlags & {
  readonly plan: EnginePlan & { readonly feed: LoadFeedPlan };
  readonly story: RunStory;
  /** Makes the engine; the one of this process if absent. */
  readonly makeEngine?: MakeEngine | undefined;
  /** Machines that send. */
  readonly nodes: number;
  readonly limits: SaturationLimits;
  /** Length of the schedule, or of a load without one. */
  readonly seconds: number;
  readonly out: string | undefined;
  readonly quiet: boolean;
  /** What --log-requests asks for. */
  readonly logged: LoggedRequests | undefined;
  readonly ui: string;
  /** Where it takes orders; nowhere if absent. */
  readonly ctl?: CtlAddress | undefined;
  readonly allowInvalid: boolean;
  readonly allowFailures: boolean;
  readonly thresholds: readonly Threshold[];
};

const PLACES_KEY = "--connections";

/** No rows are kept of a synthetic load: what its requests were is one line of the plan. */
export class LoadOutcomes implements OutcomeKeeper {
  readonly hasRoom = true;
  readonly examples: Record<string, string> = {};
  /** From the start of the run to the last sending. */
  lastSentSeconds = 0;

  keep(ring: RingViews, at: number): void {
    if (!isTold(ring.bytes[at + OUTCOME_HOW_AT] as number)) return;
    const sent = (ring.doubles[(at + OUTCOME_SENT_AT) >> 3] as number) / 1e9;
    if (sent > this.lastSentSeconds) this.lastSentSeconds = sent;
    const failure = ring.bytes[at + OUTCOME_FAILURE_AT] as number;
    if (failure === 0) return;
    const label = failureLabel(failure, ring.bytes.readUInt16LE(at + OUTCOME_STATUS_AT));
    if (label !== null) this.examples[label] ??= detailOf(ring, at);
  }

  flush(): void {}
}

/** Sends the load and writes everything a run leaves behind. Returns the exit code. */
export async function runLoad(request: LoadRequest, terminal: Terminal): Promise<ExitCode> {
  const { plan, story, out, seconds } = request;
  const startedAt = Date.now();
  const published = await Publication.open(request, terminal.env);
  const openLog = await requestLogOpener(request.logged);
  const directory = await createRunDirectory({ verb: story.verb, startedAt, out });
  const counted = new LoadOutcomes();
  const paced = plan.feed.schedule.kind !== "closed";
  const late = { engine: () => engine, view: () => progress };
  const { watch, listener } = watchRun(request.thresholds, { paced, ...late });
  const recorded = {
    directory,
    listener,
    keeper: counted,
    nodes: request.nodes,
    openLog,
    steps: story.frame.steps,
  };
  const { recording, outcomes } = recordRun(recorded);
  let timer: NodeJS.Timeout | undefined;
  const engine = (request.makeEngine ?? engineHere)(plan, {
    keeper: outcomes,
    started(start) {
      recording.started(start, engine);
      writeStart(directory, story, recording);
      progress.expect({ scheduleSeconds: seconds });
      progress.started(start, engine);
      // A closed loop has no schedule that ends: its time does.
      if (plan.feed.schedule.kind === "closed") timer = drainAfter(engine, start, seconds);
    },
    feeding: (message) => recording.feeding(message),
    endRecalled: (kind, by) => (by === "threshold" ? watch.recall() : interrupts.recall(kind)),
  });
  const interrupts = catchInterrupts(engine, (line) => progress.say(line), terminal.program);
  const judged = { paced, limits: request.limits, placesKey: PLACES_KEY };
  const parts = { verb: story.verb, directory, engine: late.engine, interrupts, recording };
  const viewed = viewedRun({ ...parts, ...judged });
  const progress = published.watched(openView(viewed, request, terminal), viewed);
  try {
    const end = await engine.run();
    watch.end();
    const signal = interrupts.code();
    const known = await readCalibrations(terminal.env);
    const spedUp = engine.controls.some(({ kind }) => kind === "speed");
    const held = { known, timebase: engine.timebase, watch, spedUp };
    const course = { end, recording, outcomes: counted, signal, ...held, ...recording.finish() };
    progress.end();
    const figures = figuresOf(request, course);
    const outputs = { directory, figures, recording, files: outcomes.files };
    await directory.writeRun(runRecord(story, recording.origin, figures.ending, engine.controls));
    await writeOutputs(story, outputs);
    tell(story, outputs, terminal);
    return runExit(request, figures, { signal: interrupts.code(), nodes: end.nodes });
  } catch (error) {
    throw afterFailure(error, directory);
  } finally {
    clearInterval(timer);
    interrupts.release();
    recording.close();
    progress.end();
    await published.close((line) => progress.say(line));
  }
}

/** Looks often: in a pause, the time of a closed loop stands still. */
const LOOK_MS = 20;

function drainAfter(
  engine: RunEngine,
  { clock, at }: EngineStart,
  seconds: number,
): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (engine.isTakingOver === true) return;
    if (engine.timebase.scheduleAt(clock.now() - at + engine.drainAheadNs) < seconds * 1e9) return;
    clearInterval(timer);
    engine.drain("plan");
  }, LOOK_MS);
  return timer;
}

type Course = {
  readonly end: EngineEnd;
  readonly totals: RunFigures["totals"];
  readonly nodes: readonly NodeFigures[];
  readonly meanInFlight: number | null;
  readonly seconds: number;
  readonly pausedSeconds: number;
  /** Then nobody knows when its steps began. */
  readonly spedUp: boolean;
  readonly recording: IntervalRecording;
  readonly outcomes: LoadOutcomes;
  readonly signal: ExitCode | undefined;
  readonly known: KnownCalibrations;
  readonly timebase: Timebase;
  readonly watch: ThresholdWatch;
};

/** What was never sent: what went down with nodes, and what a load that was ended early had still to send. */
function unsentOf(
  { feed }: LoadRequest["plan"],
  { end: { nodes = [] }, totals, signal, watch }: Course,
): Readonly<Record<string, number>> {
  const lost = nodes.reduce((sum, { lostOperations }) => sum + lostOperations, 0);
  const isEarly = signal !== undefined || watch.aborted;
  const scheduled = isEarly ? scheduledRequests(feed.schedule, feed.seed) : null;
  const left = scheduled === null ? 0 : scheduled - overall(totals).started - lost;
  return {
    ...(lost === 0 ? {} : { node_lost: lost }),
    ...(left > 0 ? { interrupted: left } : {}),
  };
}

function figuresOf(
  { plan, story, limits, seconds: planned }: LoadRequest,
  load: Course,
): RunFigures {
  const { end, totals, nodes, meanInFlight, seconds, pausedSeconds, spedUp } = load;
  const { recording, outcomes, signal, known, timebase, watch } = load;
  const active = activeSeconds({ seconds, pausedSeconds });
  const peak = peakRate(plan.feed.schedule);
  const paced = peak !== null;
  const course: RunCourse = {
    paced,
    planned: paced ? recording.planned : null,
    ...unpausedSeconds(timebase, {
      planned: paced ? planned : null,
      sending: outcomes.lastSentSeconds,
    }),
    placesKey: PLACES_KEY,
    interrupted: signal !== undefined || watch.aborted,
  };
  return {
    tool: { name: "drayage", version },
    verb: story.verb,
    startedAt: recording.origin.startedAtMs,
    seconds,
    pausedSeconds,
    steps: spedUp ? [] : recording.timeline.steps.figures(),
    totals,
    machines: end.nodes,
    nodes: namedNodes(nodes, { nodes: (end.nodes ?? []).map(({ name }) => name) }),
    meanInFlight,
    validity: judge(totals, limits, course),
    thresholds: watch.results({
      figures: totals,
      paced,
      seconds: active,
      achieved: achievedRate(totals, course),
    }),
    calibration: calibrationNote(
      peak === null ? unpaced(totals, active) : pacedBy(peak, "rate", plan.pacing),
      plan.threads,
      known,
    ),
    ending: endingOf(signal !== undefined, watch),
    paced,
    planned: paced ? recording.planned : null,
    failsOn: "all",
    traceSeconds: null,
    skipped: unsentOf(plan, load),
    records: {},
    besides: besidesOf(end.counts),
    examples: outcomes.examples,
    compat: null,
  };
}
