import { ExitCode } from "../../core/exit-code.ts";
import type { AppliedControl, EndKind } from "../../pacing/timebase-control.ts";
import { type Program, whenEnded } from "../program.ts";

/** What an interrupt does: the first lets everything under way end, the second cuts it off. A third ends the process. */
export type Interruptible = {
  drain(): void;
  stop(): void;
  /** What was ordered so far, where that is known. */
  readonly controls?: readonly AppliedControl[] | undefined;
};

/** What is made after the interrupts are caught, which are heard on later turns of the event loop. */
export const madeLater = (work: () => Interruptible): Interruptible => ({
  drain: () => work().drain(),
  stop: () => work().stop(),
  get controls() {
    return work().controls;
  },
});

export type Interrupts = {
  /** What the key `q` does: the same as SIGINT. */
  readonly press: () => void;
  /** What `drayage ctl` does: the first or the second interrupt, whichever came before. From when it holds, if that is known. */
  readonly end: (kind: EndKind) => AppliedControl | undefined;
  /** The run was told to end when another master had it. */
  readonly recall: (kind: EndKind) => void;
  /** Exit code of the signal that came first; `undefined` while none has come. */
  readonly code: () => ExitCode | undefined;
  readonly release: () => void;
};

/**
 * Catches SIGINT and SIGTERM until released. `say` tells the user what happens now and what a second one does. For a program,
 * its own signals stand for them, and those of the process are left alone.
 */
export function catchInterrupts(
  work: Interruptible,
  say: (line: string) => void,
  program?: Program,
): Interrupts {
  let code: ExitCode | undefined;
  let stopped = false;
  const drain = (ending: ExitCode): void => {
    code = ending;
    say("interrupted: requests under way may end, nothing new starts; once more stops at once");
    work.drain();
  };
  const stop = (): void => {
    stopped = true;
    say("stopped: requests under way are cut off");
    work.stop();
  };
  const on = (signal: "SIGINT" | "SIGTERM") => (): void => {
    if (code === undefined) {
      drain(signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated);
    } else if (!stopped) {
      stop();
    } else {
      // A disk that does not answer holds what is left to be written.
      process.exit(code);
    }
  };
  const end = (kind: EndKind): AppliedControl | undefined => {
    if (code === undefined) drain(ExitCode.interrupted);
    if (kind === "stop" && !stopped) stop();
    return work.controls?.findLast((control) => control.kind === kind);
  };
  const recall = (kind: EndKind): void => {
    code ??= ExitCode.interrupted;
    stopped ||= kind === "stop";
    say("the run was told to end before: what is under way may end, nothing new starts");
  };
  const interrupt = on("SIGINT");
  const release =
    program === undefined
      ? catchSignals({ interrupt, terminate: on("SIGTERM") })
      : whenEnded(program, { drain: () => end("drain"), stop: () => end("stop") });
  return { press: interrupt, end, recall, code: () => code, release };
}

function catchSignals({
  interrupt,
  terminate,
}: {
  interrupt: () => void;
  terminate: () => void;
}): () => void {
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", terminate);
  };
}
