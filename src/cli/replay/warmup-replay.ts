// A warm-up from its plan to its map. `drayage warmup`, `master -c warmup` and `demo` all come here.

import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { createRunDirectory } from "../../report/run-directory.ts";
import { activeSeconds, namedNodes, type RunFigures } from "../../report/run-figures.ts";
import type { ThresholdWatch } from "../../report/thresholds/threshold-watch.ts";
import type { NodeFigures } from "../../stats/figures.ts";
import { writeMapMeta } from "../../trace/map-meta.ts";
import {
  type JournalRow,
  journalPathOf,
  type WarmupIdentity,
  WarmupJournal,
} from "../../trace/warmup-journal.ts";
import { type EngineEnd, engineHere, type MakeEngine } from "../../workers/engine.ts";
import type { WarmupFeedPlan } from "../../workers/feed-plan.ts";
import type { FromFeeder } from "../../workers/messages.ts";
import type { Terminal } from "../command.ts";
import type { ConfigOf } from "../config/replay-config.ts";
import { viewedRun } from "../live/engine-run.ts";
import type { RunView } from "../live/run-view.ts";
import { Publication } from "../metrics/publication.ts";
import { watchRun } from "../thresholds/watch-run.ts";
import { version } from "../version.ts";
import { afterFailure } from "./after-failure.ts";
import { besidesOf } from "./besides.ts";
import { planWarmup, type ReplayFlags } from "./engine-plan.ts";
import { catchInterrupts } from "./interrupts.ts";
import type { IntervalRecording } from "./interval-recording.ts";
import { warmedRegistries, warmupIdentity } from "./map-files.ts";
import { recordRun } from "./outcome-recording.ts";
import { runRecord, tell, writeOutputs, writeStart } from "./outputs.ts";
import { recordCounts } from "./record-counts.ts";
import { type ReplayRequest, thresholdsOf } from "./replay-request.ts";
import { replayStory } from "./replay-story.ts";
import { openReplayView } from "./replay-view.ts";
import { requestLogOpener } from "./request-log.ts";
import { endingOf, type RunEnding } from "./run-exit.ts";
import type { RunStory } from "./run-story.ts";
import { hashesOfTrace } from "./trace-hashes.ts";
import { WarmupLedger } from "./warmup-ledger.ts";

export type WarmupRequest = Omit<ReplayRequest<WarmupFeedPlan>, "plan"> & {
  readonly config: ConfigOf<"warmup">;
  readonly flags: ReplayFlags;
  /** This process sends if absent. */
  readonly nodes?: WarmupNodes | undefined;
  /** Forget what an interrupted warm-up has reached. */
  readonly restart: boolean;
  /** What to type when this one does not get to its end. */
  readonly again: RunStory["next"][number];
};

/** The machines that a warm-up is spread over. */
export type WarmupNodes = {
  readonly count: number;
  readonly runId: string;
  /** Of a warm-up that another master began: rows that its journal had then. What came later is told again. */
  readonly journalRows: number | undefined;
  readonly makeEngine: MakeEngine;
  /** Calls it off before there is an engine. */
  close(): Promise<void>;
};

/** Pushes what the trace's GETs ask for, and writes the map. Returns the exit code. */
export async function replayWarmup(wanted: WarmupRequest, terminal: Terminal): Promise<ExitCode> {
  const { config, verb, out, nodes } = wanted;
  const published = await Publication.open(wanted, terminal.env);
  const identity = warmupIdentity(config);
  const hashes = hashesOfTrace(config);
  const { journal, earlier } = openJournal(wanted, terminal);
  const failuresFile = `${config.warmup.output}.failures.ndjson`;
  const registries = warmedRegistries(config);
  const plan = planWarmup(config, {
    ...wanted.flags,
    registries,
    finished: earlier,
    nodes: nodes?.count,
  });
  const request = { ...wanted, plan };
  const openLog = await requestLogOpener(request.logged);
  const directory = await createRunDirectory({ verb, startedAt: Date.now(), out });
  const ledger = new WarmupLedger(journal, { earlier, failuresFile });
  const late = { engine: () => engine, view: () => progress };
  const { watch, listener } = watchRun(thresholdsOf(request), { paced: false, ...late });
  const recorded = { directory, listener, keeper: ledger, nodes: nodes?.count ?? 1, openLog };
  const { recording, outcomes } = recordRun(recorded);
  const engine = (nodes?.makeEngine ?? engineHere)(plan, {
    keeper: outcomes,
    started(start) {
      recording.started(start, engine);
      progress.started(start, engine);
      writeStart(directory, replayStory(request, []), recording);
    },
    feeding(message) {
      showReading(message, progress, request);
    },
    endRecalled: (kind, by) => (by === "threshold" ? watch.recall() : interrupts.recall(kind)),
  });
  const interrupts = catchInterrupts(engine, (line) => progress.say(line), terminal.program);
  const unpaced = { paced: false, limits: null, placesKey: "warmup.threads" } as const;
  const parts = { verb, directory, ...unpaced, engine: () => engine, interrupts, recording };
  const viewed = viewedRun(parts);
  const progress = openReplayView({ request, viewed, published }, terminal);
  let map: MapState = "unfinished";
  try {
    const end = await engine.run();
    watch.end();
    const signal = interrupts.code();
    const course = { end, ledger, recording, signal, watch, ...recording.finish() };
    progress.end();
    if (isWhole(course)) {
      finishMap(config, ledger, identity);
      map = "written";
    }
    const next = map === "written" ? request.next : [request.again];
    const story = replayStory({ ...request, next }, await hashes, end.nodes);
    const figures = figuresOf(request, course, story);
    const files = [...outcomes.files, ...filesOf(config, { map, ledger })];
    const outputs = { directory, figures, recording, files };
    await directory.writeRun(runRecord(story, recording.origin, figures.ending, engine.controls));
    await writeOutputs(story, outputs);
    tellFailures(ledger, failuresFile, terminal);
    tell(story, outputs, terminal);
    return exitOf(request, { ledger, figures }, { signal: interrupts.code(), nodes: end.nodes });
  } catch (error) {
    throw afterFailure(error, directory);
  } finally {
    interrupts.release();
    recording.close();
    progress.end();
    if (map === "unfinished") ledger.abandon();
    await published.close((line) => progress.say(line));
  }
}

/** What the view learns from the feeder. */
function showReading(
  message: FromFeeder,
  view: RunView,
  { config, plan }: ReplayRequest<WarmupFeedPlan>,
): void {
  if (message.type === "reading") view.reading(message.bytes, message.bytesTotal);
  if (message.type === "opened") {
    for (const line of message.broken) view.say(line);
    if (config.verbose) view.say(`records: ${message.account}`);
  }
  if (message.type === "counted") {
    view.say(`${message.objects} distinct objects`);
    view.expect({ operations: message.objects * plan.feed.registries.length });
  }
}

/** The journal, and what an interrupted warm-up left in it. */
function openJournal({ config, restart, quiet, nodes }: WarmupRequest, { err }: Terminal) {
  const path = journalPathOf(config.warmup.output);
  const earlier: JournalRow[] = [];
  const identity = warmupIdentity(config);
  const count = nodes?.journalRows;
  const onRow = (row: JournalRow): void => void earlier.push(row);
  const journal =
    count === undefined
      ? WarmupJournal.open({ path, identity, restart }, onRow)
      : WarmupJournal.takeOver({ path, identity, count }, onRow);
  if (earlier.length > 0 && !quiet)
    err.write(`going on: ${earlier.length} objects are there already\n`);
  return { journal, earlier };
}

/** Everything that there was to push was tried. */
const isWhole = ({ end, ledger, signal, watch }: Course): boolean =>
  end.feed.complete && ledger.isWhole && signal === undefined && !watch.aborted;

type MapState = "written" | "unfinished";

function finishMap(
  config: ConfigOf<"warmup">,
  ledger: WarmupLedger,
  identity: WarmupIdentity,
): void {
  const { pushed, existing, mounted, failed, bytes } = ledger.counts;
  ledger.finish(config.warmup.output);
  writeMapMeta(config.warmup.output, {
    ...identity,
    counts: { uris: ledger.uris, pushed, existing, mounted, failed, bytes },
  });
}

type Course = {
  readonly end: EngineEnd;
  readonly ledger: WarmupLedger;
  readonly recording: IntervalRecording;
  readonly totals: RunFigures["totals"];
  readonly nodes: readonly NodeFigures[];
  readonly meanInFlight: number | null;
  readonly seconds: number;
  readonly pausedSeconds: number;
  readonly signal: ExitCode | undefined;
  readonly watch: ThresholdWatch;
};

/** Objects that nobody tried to push, by the reason. An interrupt leaves most of them unfed. */
function untriedOf({ end, ledger }: Course, registries: number): Readonly<Record<string, number>> {
  const { distinct = 0, already_done: before = 0 } = end.feed.objects;
  const { node_lost: lost, row_dropped: dropped } = ledger.unknown;
  const interrupted = distinct * registries - before - ledger.tried - lost - dropped;
  return Object.fromEntries(
    Object.entries({ ...ledger.unknown, interrupted }).filter(([, count]) => count > 0),
  );
}

function figuresOf(
  { verb, plan }: ReplayRequest<WarmupFeedPlan>,
  course: Course,
  { frame }: RunStory,
): RunFigures {
  const { end, ledger, recording, totals, nodes, meanInFlight, seconds, signal, watch } = course;
  const { pausedSeconds } = course;
  const { failed: _, bytes: __, ...placed } = ledger.counts;
  return {
    tool: { name: "drayage", version },
    verb,
    startedAt: recording.origin.startedAtMs,
    seconds,
    pausedSeconds,
    totals,
    nodes: namedNodes(nodes, frame),
    machines: end.nodes,
    meanInFlight,
    // Nothing is due in a warm-up, and no latency of it is a finding.
    validity: { verdict: "ok", cause: null, reasons: [] },
    thresholds: watch.results({
      figures: totals,
      paced: false,
      seconds: activeSeconds(course),
      achieved: null,
    }),
    ending: endingOf(signal !== undefined, watch),
    paced: false,
    planned: null,
    failsOn: "any",
    calibration: null,
    traceSeconds: end.feed.traceSeconds,
    skipped: untriedOf(course, plan.feed.registries.length),
    records: { ...recordCounts(end.feed.account), ...end.feed.objects },
    besides: { ...placed, ...besidesOf(end.counts) },
    examples: ledger.examples,
    compat: null,
  };
}

const filesOf = (
  { warmup }: ConfigOf<"warmup">,
  { map, ledger }: { map: MapState; ledger: WarmupLedger },
) =>
  map === "written"
    ? [{ name: warmup.output, holds: `digests of ${ledger.uris} URIs; "drayage run" needs it` }]
    : [{ name: journalPathOf(warmup.output), holds: "what is done; the same command goes on" }];

function tellFailures(ledger: WarmupLedger, failuresFile: string, { err }: Terminal): void {
  const { failed } = ledger.counts;
  if (failed === 0) return;
  for (const { uri, size, step, error, attempts, message } of ledger.shown) {
    err.write(
      `failed: ${uri || "(config of manifests)"} (${size} bytes): ${error} at ${step}, ${attempts} attempts: ${message}\n`,
    );
  }
  if (failed > ledger.shown.length) err.write(`… ${failed} in all\n`);
  err.write(`all failures stand in ${failuresFile}; the same command tries them again\n`);
}

function exitOf(
  { allowFailures }: WarmupRequest,
  { ledger: { counts }, figures }: { ledger: WarmupLedger; figures: RunFigures },
  { signal, nodes = [] }: RunEnding,
): ExitCode {
  const codes: ExitCode[] = signal === undefined ? [] : [signal];
  if (nodes.some(({ lost }) => lost !== null)) codes.push(ExitCode.nodeLost);
  if (figures.ending === "limit") codes.push(ExitCode.aborted);
  if (figures.thresholds?.some(({ passed }) => !passed)) codes.push(ExitCode.thresholdsFailed);
  if (counts.failed > 0 && !allowFailures) codes.push(ExitCode.operationsFailed);
  return strongestExit(codes);
}
