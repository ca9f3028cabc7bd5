import { DrayageError } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { type Program, whenEnded } from "../program.ts";

/**
 * Runs an extraction that SIGINT, SIGTERM and SIGHUP end at once: `abort` removes what was written, and the process ends with the
 * signal's exit code. An extraction that fails is aborted too. For a program, its own signals stand for those of the process,
 * and it is told by a rejection, with their reason.
 */
export async function untilInterrupted<T>(
  work: () => Promise<T>,
  abort: () => void | Promise<void>,
  program?: Program,
): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const release =
    program === undefined
      ? onSignals((code) => ended.reject(new Interruption(code)))
      : whenEnded(program, {
          drain: () => ended.reject(program.signal.reason),
          stop: () => ended.reject(program.stop.reason),
        });
  try {
    return await Promise.race([work(), ended.promise]);
  } catch (error) {
    await abort();
    // What still runs belongs to a trace that is gone: it must not go on behind the message.
    if (error instanceof Interruption) {
      process.stderr.write("interrupted: nothing was written\n");
      process.exit(error.exit);
    }
    throw error;
  } finally {
    release();
  }
}

function onSignals(end: (code: ExitCode) => void): () => void {
  const onInterrupt = (): void => end(ExitCode.interrupted);
  const onTerminate = (): void => end(ExitCode.terminated);
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onTerminate);
  // The terminal is gone: the file without a name must go with it.
  process.once("SIGHUP", onTerminate);
  return () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
    process.off("SIGHUP", onTerminate);
  };
}

class Interruption extends DrayageError {
  readonly exit: ExitCode;

  constructor(exit: ExitCode) {
    super("interrupted", "the extraction was interrupted");
    this.exit = exit;
  }
}
