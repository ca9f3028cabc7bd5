// Performs a command for a program: the same function that the command line calls, with a program in place of the terminal.
import { Writable } from "node:stream";
import type { Command, OptionTable } from "../cli/command.ts";
import type { ProgramEnd } from "../cli/program.ts";
import { invariant } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-code.ts";
import { optionsOf, type PlanNames, partsOf } from "./plan.ts";
import { Running } from "./running.ts";

/** How a program follows and ends what it has set off. */
export type PerformOptions = {
  /** Ends it in order: nothing new starts, what is under way ends, everything is written. */
  readonly signal?: AbortSignal;
  /** Ends it at once, and still writes what there is. */
  readonly stop?: AbortSignal;
  /** Sentences for people: warnings, what happens now. */
  readonly onNotice?: (line: string) => void;
  /** Where `${NAME}` of a configuration and tokens are looked up; `process.env` if absent. Options are not. */
  readonly env?: NodeJS.ProcessEnv;
};

/** How it ended. A run that failed is a result like any other: only what cannot be carried out rejects. */
export type PerformResult<Results> = {
  /** As the command would have exited: docs of `drayage` list them. */
  readonly exit: ExitCode;
  /** Where the files are; null where nothing is kept. */
  readonly directory: string | null;
  /** The content of results.json. */
  readonly results: Results;
};

type Work<T extends OptionTable> = PlanNames & {
  readonly command: Command<T>;
  /** As the program gave it: whatever that may be. */
  readonly plan: unknown;
};

const NEVER = new AbortController().signal;

/** Begins on a later turn, so that what is wrong with the plan is a rejection as everything else. */
export const perform = <T extends OptionTable, Results>(
  work: Work<T>,
  options: PerformOptions = {},
): Running<PerformResult<Results>> =>
  new Running(async (view) => {
    const { command } = work;
    const { flags, texts, config } = partsOf(work.plan, work);
    const { signal = NEVER, stop = NEVER, onNotice = () => {}, env = process.env } = options;
    signal.throwIfAborted();
    stop.throwIfAborted();
    let end: ProgramEnd | undefined;
    const finished = (what: ProgramEnd): void => {
      end = what;
    };
    const exit = await command.run(await optionsOf(command, flags), texts, {
      out: lines(() => {}),
      err: lines(onNotice),
      env,
      program: { config, signal, stop, view: (run) => ({ ...view(run), say: onNotice }), finished },
    });
    invariant(end !== undefined, `drayage ${command.name} tells a program how it ended`);
    return { exit, directory: end.directory, results: end.results as Results };
  });

/** A stream that gives away whole lines. */
function lines(take: (line: string) => void): Writable {
  let rest = "";
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const parts = `${rest}${chunk}`.split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) take(line);
      done();
    },
  });
}
