// A run from its plan to its summary. `drayage run`, `master -c run` and `demo` all come here.
import { existsSync } from "node:fs";
import type { ExitCode } from "../../core/exit-code.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import { createRunDirectory } from "../../report/run-directory.ts";
import { activeSeconds, namedNodes, type RunFigures } from "../../report/run-figures.ts";
import type { ThresholdWatch } from "../../report/thresholds/threshold-watch.ts";
import type { NodeFigures } from "../../stats/figures.ts";
import {
  achievedRate,
  judge,
  type RunCourse,
  type SaturationLimits,
} from "../../stats/validity.ts";
import { RowFile } from "../../workers/collector/row-file.ts";
import { type EngineEnd, engineHere } from "../../workers/engine.ts";
import type { RunFeedPlan } from "../../workers/feed-plan.ts";
import type { FromFeeder } from "../../workers/messages.ts";
import { type KnownCalibrations, readCalibrations } from "../calibrate/calibration-cache.ts";
import { calibrationNote, pacedBy, unpaced } from "../calibrate/calibration-note.ts";
import type { Terminal } from "../command.ts";
import { viewedRun } from "../live/engine-run.ts";
import type { RunView } from "../live/run-view.ts";
import { Publication } from "../metrics/publication.ts";
import { watchRun } from "../thresholds/watch-run.ts";
import { version } from "../version.ts";
import { afterFailure, orAbandon } from "./after-failure.ts";
import { besidesOf } from "./besides.ts";
import { earlierFile } from "./earlier-file.ts";
import { placesKey } from "./engine-plan.ts";
import { catchInterrupts, madeLater } from "./interrupts.ts";
import type { IntervalRecording } from "./interval-recording.ts";
import { type NamedFile, recordRun } from "./outcome-recording.ts";
import { runRecord, tell, writeOutputs, writeStart } from "./outputs.ts";
import { recordCounts } from "./record-counts.ts";
import { type ReplayRequest, thresholdsOf } from "./replay-request.ts";
import { replayStory } from "./replay-story.ts";
import { openReplayView } from "./replay-view.ts";
import { requestLogOpener } from "./request-log.ts";
import { ResultRows } from "./result-rows.ts";
import { endingOf, runExit } from "./run-exit.ts";
import type { RunStory } from "./run-story.ts";
import { sideFile } from "./side-file.ts";
import { hashesOfTrace } from "./trace-hashes.ts";
import { unpausedSeconds } from "./unpaused.ts";

type RunRequest = ReplayRequest<RunFeedPlan>;

/** Sends the operations of the plan and writes everything a run leaves behind. Returns the exit code. */
export async function replayRun(request: RunRequest, terminal: Terminal): Promise<ExitCode> {
  const { config, plan, verb, out } = request;
  const published = await Publication.open(request, terminal.env);
  const openLog = await requestLogOpener(request.logged);
  const directory = await createRunDirectory({ verb, startedAt: Date.now(), out });
  const hashes = hashesOfTrace(config);
  // Before the first file is there: whoever sees it may interrupt.
  const late = { engine: () => engine, view: () => progress };
  const say = (line: string): void => progress.say(line);
  const interrupts = catchInterrupts(madeLater(late.engine), say, terminal.program);
  const file = orAbandon(directory, () => new RowFile(config.trace.output));
  const dropEarlier = earlierFile(plan.feed.skippedFile);
  const rows = new ResultRows(file);
  const paced = plan.feed.wait;
  const { watch, listener } = watchRun(thresholdsOf(request), { paced, ...late });
  const { nodes } = plan.feed;
  const recorded = { directory, listener, keeper: rows, nodes, openLog };
  const { recording, outcomes } = recordRun(recorded);
  const parts = { verb, directory, paced, engine: late.engine, interrupts, recording };
  const viewed = viewedRun({ ...parts, limits: limitsOf(config), placesKey: placesKey(config) });
  const progress = openReplayView({ request, viewed, published }, terminal);
  const engine = (request.makeEngine ?? engineHere)(plan, {
    keeper: outcomes,
    started(start) {
      rows.startedAtUs = start.wallUs;
      recording.started(start, engine);
      progress.started(start, engine);
      writeStart(directory, replayStory(request, []), recording);
    },
    feeding(message) {
      recording.feeding(message);
      showReading(message, progress, request);
    },
    endRecalled: (kind, by) => (by === "threshold" ? watch.recall() : interrupts.recall(kind)),
  });
  try {
    const end = await engine.run();
    watch.end();
    const interrupted = interrupts.code() !== undefined;
    const known = await readCalibrations(terminal.env);
    const held = { known, timebase: engine.timebase, watch };
    const course = { end, rows, recording, interrupted, ...held, ...recording.finish() };
    progress.end();
    await file.close();
    dropEarlier();
    if (plan.feed.skippedFile !== undefined) rows.appendUnsent(plan.feed.skippedFile);
    const story = replayStory(request, await hashes, end.nodes);
    const figures = figuresOf(request, course, story);
    const outputs = { directory, figures, recording, ...filesOf(request, rows, outcomes) };
    await directory.writeRun(runRecord(story, recording.origin, figures.ending, engine.controls));
    await writeOutputs(story, outputs);
    tell(story, outputs, terminal);
    return runExit(request, figures, { signal: interrupts.code(), nodes: end.nodes });
  } catch (error) {
    throw afterFailure(error, directory);
  } finally {
    // Until here, so that an interrupt while files are written leaves them whole.
    interrupts.release();
    recording.close();
    progress.end();
    // What went wrong first is told: the same disk may refuse the end of this file.
    await file.leave().catch(() => {});
    await published.close(say);
  }
}

/** What the view learns from the feeder. */
function showReading(message: FromFeeder, view: RunView, { config, plan }: RunRequest): void {
  const { wait, speed } = plan.feed;
  if (message.type === "reading") view.reading(message.bytes, message.bytesTotal);
  if (message.type === "opened") {
    view.expect({ operations: message.records });
    for (const line of message.broken) view.say(line);
    if (config.verbose) view.say(`records: ${message.account}`);
  }
  if (message.type === "finished" && wait)
    view.expect({ scheduleSeconds: message.summary.traceSeconds / speed });
}

const limitsOf = ({ run }: RunRequest["config"]): SaturationLimits => ({
  lateness: run.saturation.latenessMs,
  share: run.saturation.share,
  onTime: run.onTimeMs,
});

type Course = {
  readonly end: EngineEnd;
  readonly rows: ResultRows;
  readonly recording: IntervalRecording;
  readonly totals: RunFigures["totals"];
  readonly seconds: number;
  readonly pausedSeconds: number;
  readonly nodes: readonly NodeFigures[];
  readonly meanInFlight: number | null;
  readonly interrupted: boolean;
  readonly known: KnownCalibrations;
  readonly timebase: Timebase;
  readonly watch: ThresholdWatch;
};

function figuresOf(
  { verb, config, plan }: RunRequest,
  course: Course,
  { frame }: RunStory,
): RunFigures {
  const { end, rows, recording, totals, seconds, interrupted, known, timebase, watch } = course;
  const active = activeSeconds(course);
  const { wait, speed } = plan.feed;
  const { traceSeconds } = end.feed;
  const planned = wait ? recording.planned : null;
  const judged: RunCourse = {
    paced: wait,
    planned,
    ...unpausedSeconds(timebase, {
      planned: wait ? traceSeconds / speed : null,
      sending: rows.lastSentSeconds,
    }),
    placesKey: placesKey(config),
    interrupted: interrupted || watch.aborted,
  };
  return {
    tool: { name: "drayage", version },
    verb,
    startedAt: recording.origin.startedAtMs,
    seconds,
    pausedSeconds: course.pausedSeconds,
    totals,
    nodes: namedNodes(course.nodes, frame),
    machines: end.nodes,
    meanInFlight: course.meanInFlight,
    validity: judge(totals, limitsOf(config), judged),
    thresholds: watch.results({
      figures: totals,
      paced: wait,
      seconds: active,
      achieved: achievedRate(totals, judged),
    }),
    calibration: calibrationNote(
      wait
        ? pacedBy(recording.plannedPeak, "busiest second", plan.pacing)
        : unpaced(totals, active),
      plan.threads,
      known,
    ),
    ending: endingOf(interrupted, watch),
    paced: wait,
    planned,
    failsOn: "all",
    traceSeconds,
    skipped: skippedOf(end.feed.skipped, rows),
    records: recordCounts(end.feed.account),
    recorded: end.feed.recorded,
    besides: besidesOf(end.counts),
    examples: rows.examples,
    compat: rows.compat.figures(),
  };
}

/** An interrupt leaves operations unsent that were fed, and records of which the feeder made none; so does a lost node. */
function skippedOf(
  fed: Readonly<Record<string, number>>,
  { rowless }: ResultRows,
): Readonly<Record<string, number>> {
  return {
    ...fed,
    ...Object.fromEntries(
      Object.entries(rowless)
        .filter(([, count]) => count > 0)
        .map(([reason, count]) => [reason, (fed[reason] ?? 0) + count]),
    ),
  };
}

const filesOf = (
  { config, plan }: RunRequest,
  rows: ResultRows,
  outcomes: { readonly files: readonly NamedFile[] },
) => ({
  files: [
    ...outcomes.files,
    { name: config.trace.output, holds: `${rows.count} rows, one per operation` },
    // The feeder makes it when the trace has been read, which an interrupt may prevent.
    ...(plan.feed.skippedFile === undefined || !existsSync(plan.feed.skippedFile)
      ? []
      : [{ name: plan.feed.skippedFile, holds: "records that became no operation, and why" }]),
  ],
  summaryFile: sideFile(config.trace.output, "summary.json"),
});
