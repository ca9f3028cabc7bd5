// What a replay leaves behind and what it says at the end.

import { writeFile } from "node:fs/promises";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type { AppliedControl } from "../../pacing/timebase-control.ts";
import { compatBlock } from "../../report/compat.ts";
import type { PageContext } from "../../report/report-page.ts";
import { runResults } from "../../report/results.ts";
import type { RunDirectory, RunRecord } from "../../report/run-directory.ts";
import type { RunFigures } from "../../report/run-figures.ts";
import { writeRunOutputs } from "../../report/run-outputs.ts";
import { summaryText } from "../../report/summary.ts";
import { paintFor } from "../../report/text-table.ts";
import type { Terminal } from "../command.ts";
import { commandText } from "../typed-words.ts";
import { version } from "../version.ts";
import type { IntervalRecording } from "./interval-recording.ts";
import { runFiles } from "./run-files.ts";
import type { RunStory } from "./run-story.ts";

export type Outputs = {
  readonly directory: RunDirectory;
  readonly figures: RunFigures;
  readonly recording: IntervalRecording;
  /** Files besides those of the run directory. */
  readonly files: readonly { readonly name: string; readonly holds: string }[];
  /** Where the summary is stored as JSON, besides results.json. */
  readonly summaryFile?: string | undefined;
};

/** The content of run.json. Without an end while the run goes on. */
export function runRecord(
  { verb, arguments: words, plan, seed, traces, frame, facts }: RunStory,
  { startedAtMs, originNs }: { startedAtMs: number; originNs: bigint },
  ending: string | null,
  controls: readonly AppliedControl[] = [],
): RunRecord {
  const startedAt = new Date(startedAtMs).toISOString();
  return {
    tool: { name: "drayage", version },
    verb,
    arguments: words,
    startedAt,
    endedAt: ending === null ? null : new Date().toISOString(),
    ending,
    plan,
    seed,
    traces,
    controls: controls.map(({ kind, clock, schedule, speed }) => ({
      kind,
      atSeconds: clock / 1e9,
      scheduleSeconds: schedule / 1e9,
      speed,
    })),
    frame: { ...frame, facts },
    clocks: { originWall: startedAt, originMonotonicNs: String(originNs) },
  };
}

/** run.json at the start. A disk that refuses it refuses the same file at the end, and the user hears of it then. */
export function writeStart(
  directory: RunDirectory,
  story: RunStory,
  { origin }: IntervalRecording,
): void {
  directory.writeRun(runRecord(story, origin, null)).catch(() => {});
}

export async function writeOutputs(story: RunStory, outputs: Outputs): Promise<void> {
  const { directory, figures, summaryFile } = outputs;
  const results = runResults(figures);
  await writeRunOutputs(directory, figures, contextOf(story, outputs));
  if (summaryFile === undefined) return;
  const compat = figures.compat === null ? null : compatBlock(figures.compat);
  await writeSummary(summaryFile, { ...results, compat });
}

async function writeSummary(path: string, results: unknown): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(results, null, 2)}\n`);
  } catch (error) {
    throw new DrayageError("storage", `cannot write ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const contextOf = (story: RunStory, outputs: Outputs): PageContext => ({
  command: commandText(story.arguments),
  facts: story.facts,
  files: filesOf(outputs),
  timeline: outputs.recording.timeline,
});

const filesOf = ({ directory, files }: Outputs) => [...runFiles(directory), ...files];

/** The summary: text, or JSON on standard output. */
export function tell(story: RunStory, outputs: Outputs, terminal: Terminal): void {
  const { out, program } = terminal;
  const { directory, figures } = outputs;
  if (program !== undefined) {
    program.finished({ directory: directory.path, results: runResults(figures) });
    return;
  }
  if (story.json) {
    out.write(`${JSON.stringify({ directory: directory.path, ...runResults(figures) })}\n`);
    return;
  }
  const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  const context = { directory: directory.path, files: filesOf(outputs), next: story.next };
  out.write(`${summaryText(figures, context, paintFor(terminal.env, isTerminal))}\n`);
}
