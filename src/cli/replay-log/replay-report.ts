import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { BroadcastFigures } from "../../playback/message-log/broadcast-statistics.ts";
import { writeOutput } from "../output-file.ts";

export type ReplayReport = { write(figures: BroadcastFigures, unreadableLines: number): void };

/** The file of `--report`; undefined without one. What cannot be written is refused before anything is sent. */
export function reportFile(path: string | undefined): ReplayReport | undefined {
  if (path === undefined) return undefined;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error("it is a folder");
    accessSync(there === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--report: cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
  return {
    write(figures, unreadableLines) {
      const text = JSON.stringify(reportOf(figures, unreadableLines), undefined, 2);
      writeOutput(path, `${text}\n`, "--report");
    },
  };
}

/** docs/message-logs.md lists the fields. Times in seconds. */
function reportOf(figures: BroadcastFigures, unreadableLines: number): object {
  const { p50, p90, p99, p999, max } = figures.lateness;
  return {
    messages: figures.sent,
    failed: figures.failed,
    unreadable_lines: unreadableLines,
    bytes: figures.bytes,
    negative_gaps: figures.negativeGaps,
    span: figures.span,
    duration: figures.duration,
    lateness: { p50, p90, p99, "p99.9": p999, max },
    drift: figures.drift,
  };
}
