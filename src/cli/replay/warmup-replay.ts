// A warm-up from its plan to its map. `drayage warmup`, `master -c warmup` and `demo` all come here.
import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { createRunDirectory } from "../../report/run-directory.ts";
import type { RunFigures } from "../../report/run-figures.ts";
import { writeMapMeta } from "../../trace/map-meta.ts";
import {
  type JournalRow,
  journalPathOf,
  type WarmupIdentity,
  WarmupJournal,
} from "../../trace/warmup-journal.ts";
import { type EngineEnd, engineHere, type MakeEngine } from "../../workers/engine.ts";
import type { WarmupFeedPlan } from "../../workers/feed-plan.ts";
import type { Terminal } from "../command.ts";
import type { ConfigOf } from "../config/replay-config.ts";
import { viewedRun } from "../live/engine-run.ts";
import { openView } from "../live/open-view.ts";
import { version } from "../version.ts";
import { besidesOf } from "./besides.ts";
import { planWarmup, type ReplayFlags } from "./engine-plan.ts";
import { catchInterrupts } from "./interrupts.ts";
import { IntervalRecording } from "./interval-recording.ts";
import { warmedRegistries, warmupIdentity } from "./map-files.ts";
import { runRecord, tell, writeOutputs } from "./outputs.ts";
import { recordCounts } from "./record-counts.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { replayStory } from "./replay-story.ts";
import type { RunEnding } from "./run-exit.ts";
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
  readonly makeEngine: MakeEngine;
  /** Calls it off before there is an engine. */
  close(): Promise<void>;
};

/** Pushes what the trace's GETs ask for, and writes the map. Returns the exit code. */
export async function replayWarmup(wanted: WarmupRequest, terminal: Terminal): Promise<ExitCode> {
  const { config, verb, out, nodes } = wanted;
  const identity = warmupIdentity(config);
  const hashes = hashesOfTrace(config);
  const { journal, earlier } = openJournal(wanted, terminal);
  const failuresFile = `${config.warmup.output}.failures.ndjson`;
  const ledger = new WarmupLedger(journal, { earlier, failuresFile });
  const registries = warmedRegistries(config);
  const plan = planWarmup(config, {
    ...wanted.flags,
    registries,
    finished: earlier,
    nodes: nodes?.count,
  });
  const request = { ...wanted, plan };
  const directory = await createRunDirectory({ verb, startedAt: Date.now(), out });
  const recording = new IntervalRecording(directory, (point) => progress.interval(point));
  const engine = (nodes?.makeEngine ?? engineHere)(plan, {
    keeper: ledger,
    started(start) {
      recording.started(start, engine);
      progress.started(start, engine);
      // A disk that refuses it refuses the same file at the end, and the user hears of it then.
      directory
        .writeRun(runRecord(replayStory(request, []), recording.origin, null))
        .catch(() => {});
    },
    feeding(message) {
      if (message.type === "reading") progress.reading(message.bytes, message.bytesTotal);
      if (message.type === "opened") for (const line of message.broken) progress.say(line);
      if (message.type === "counted") {
        progress.say(`${message.objects} distinct objects`);
        progress.expect({ operations: message.objects * registries.length });
      }
    },
  });
  const interrupts = catchInterrupts(engine, (line) => progress.say(line));
  const unpaced = { paced: false, limits: null } as const;
  const interrupt = interrupts.press;
  const parts = { verb, directory, ...unpaced, engine: () => engine, interrupt, recording };
  const progress = openView(viewedRun(parts), request, terminal);
  let map: MapState = "unfinished";
  try {
    const end = await engine.run();
    const course = { end, ledger, recording, signal: interrupts.code(), ...recording.finish() };
    progress.end();
    if (end.feed.complete && ledger.counts.unsent === 0 && course.signal === undefined) {
      finishMap(config, ledger, identity);
      map = "written";
    }
    const figures = figuresOf(request, course);
    const outputs = { directory, figures, recording, files: filesOf(config, { map, ledger }) };
    const next = map === "written" ? request.next : [request.again];
    const story = replayStory({ ...request, next }, await hashes, end.nodes);
    await directory.writeRun(runRecord(story, recording.origin, figures.ending, engine.controls));
    await writeOutputs(story, outputs);
    tellFailures(ledger, failuresFile, terminal);
    tell(story, outputs, terminal);
    return exitOf(request, ledger, { signal: interrupts.code(), nodes: end.nodes });
  } finally {
    interrupts.release();
    recording.close();
    progress.end();
    if (map === "unfinished") ledger.abandon();
  }
}

/** The journal, and what an interrupted warm-up left in it. */
function openJournal({ config, restart, quiet }: WarmupRequest, { err }: Terminal) {
  const path = journalPathOf(config.warmup.output);
  const earlier: JournalRow[] = [];
  const identity = warmupIdentity(config);
  const journal = WarmupJournal.open({ path, identity, restart }, (row) => earlier.push(row));
  if (earlier.length > 0 && !quiet)
    err.write(`going on: ${earlier.length} objects are there already\n`);
  return { journal, earlier };
}

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
  readonly seconds: number;
  readonly signal: ExitCode | undefined;
};

function figuresOf(
  { verb }: WarmupRequest,
  { end, ledger, recording, totals, seconds, signal }: Course,
): RunFigures {
  const { failed: _, unsent, bytes: __, ...placed } = ledger.counts;
  return {
    tool: { name: "drayage", version },
    verb,
    startedAt: recording.origin.startedAtMs,
    seconds,
    totals,
    // Nothing is due in a warm-up, and no latency of it is a finding.
    validity: { verdict: "ok", cause: null, reasons: [] },
    ending: signal === undefined ? "finished" : "signal",
    paced: false,
    planned: null,
    failsOn: "any",
    calibration: null,
    traceSeconds: end.feed.traceSeconds,
    skipped: unsent > 0 ? { interrupted: unsent } : {},
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
  { counts }: WarmupLedger,
  { signal, nodes = [] }: RunEnding,
): ExitCode {
  const codes: ExitCode[] = signal === undefined ? [] : [signal];
  if (nodes.some(({ lost }) => lost !== null)) codes.push(ExitCode.nodeLost);
  if (counts.failed > 0 && !allowFailures) codes.push(ExitCode.operationsFailed);
  return strongestExit(codes);
}
