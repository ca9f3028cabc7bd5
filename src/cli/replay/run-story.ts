// What a run is told by, besides its figures: for run.json, the page and the summary. Secrets are taken out already.
import type { RunFrame } from "../../report/run-directory.ts";
import { surroundings } from "../../report/run-directory.ts";
import { version } from "../version.ts";
import type { TraceHash } from "./trace-hashes.ts";

export type RunStory = {
  /** Word in file names and summaries: run, warmup, demo, load. */
  readonly verb: string;
  /** The command line. */
  readonly arguments: readonly string[];
  readonly seed: string;
  /** As resolved: plain data. */
  readonly plan: unknown;
  readonly traces: readonly TraceHash[];
  /** Name and text, for the page. */
  readonly facts: readonly (readonly [string, string])[];
  /** For outputs made later from stored data. */
  readonly frame: Omit<RunFrame, "facts">;
  readonly json: boolean;
  /** Commands worth typing next. */
  readonly next: readonly { readonly type: string; readonly does: string }[];
};

/** The machine and the program, as facts. */
export function machineFacts(): [string, string][] {
  const { machine, runtime } = surroundings();
  return [
    ["machine", `${machine.cpu}, ${machine.cpus} processors, ${machine.platform}`],
    ["runtime", `${runtime.name} ${runtime.version}, drayage ${version}`],
  ];
}
