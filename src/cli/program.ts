import { ExitCode } from "../core/exit-code.ts";
import type { RunView, ViewedRun } from "./live/run-view.ts";

/**
 * A program that has the library perform a command. It takes the place of the person at the terminal: hears of the course, ends
 * it by signals of its own, and is handed what a person would be told. With one, no command touches the process: no signals are
 * caught, nothing is read from standard input, and nothing but what was asked for is written.
 */
export type Program = {
  /** A configuration in the form of the file, in place of one. */
  readonly config?: unknown;
  /** Ends the work in order: what is under way ends, everything is written. */
  readonly signal: AbortSignal;
  /** Ends it at once, and still writes what there is. */
  readonly stop: AbortSignal;
  /** Hears of the course of a run. */
  readonly view: (run: ViewedRun) => RunView;
  /** What there is at the end. */
  readonly finished: (end: ProgramEnd) => void;
};

export type ProgramEnd = {
  /** Null where nothing is kept. */
  readonly directory: string | null;
  /** The content of results.json. */
  readonly results: unknown;
};

/** Calls the listeners when the program ends the work, also if it has done so already, but never before this turn is over. */
export function whenEnded(
  { signal, stop }: Pick<Program, "signal" | "stop">,
  listeners: { readonly drain: () => void; readonly stop: () => void },
): () => void {
  const pairs = [
    [signal, listeners.drain],
    [stop, listeners.stop],
  ] as const;
  for (const [source, listener] of pairs) {
    if (source.aborted) setImmediate(listener);
    else source.addEventListener("abort", listener, { once: true });
  }
  return () => {
    for (const [source, listener] of pairs) source.removeEventListener("abort", listener);
  };
}

/** How a command ends that a program has ended. */
export const programExit: ExitCode = ExitCode.interrupted;
