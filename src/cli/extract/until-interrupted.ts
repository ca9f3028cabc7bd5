import { DrayageError } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";

/**
 * Runs an extraction that SIGINT and SIGTERM end at once: `abort` removes what was written, and the process ends with the
 * signal's exit code. An extraction that fails is aborted too.
 */
export async function untilInterrupted<T>(
  work: () => Promise<T>,
  abort: () => void | Promise<void>,
): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const end = (code: ExitCode) => (): void => ended.reject(new Interruption(code));
  const [onInterrupt, onTerminate] = [end(ExitCode.interrupted), end(ExitCode.terminated)];
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onTerminate);
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
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  }
}

class Interruption extends DrayageError {
  readonly exit: ExitCode;

  constructor(exit: ExitCode) {
    super("interrupted", "the extraction was interrupted");
    this.exit = exit;
  }
}
