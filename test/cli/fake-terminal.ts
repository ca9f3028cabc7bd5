import { Writable } from "node:stream";
import type { Terminal } from "../../src/cli/command.ts";
import { dispatch } from "../../src/cli/dispatch.ts";
import type { Verb } from "../../src/cli/verb.ts";
import type { ExitCode } from "../../src/core/exit-code.ts";

class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

export type Said = { readonly exit: ExitCode; readonly out: string; readonly err: string };

/** Runs the program in this process, with a catalogue and an environment of the test's. */
export async function drayage(
  argv: readonly string[],
  { verbs, env = {} }: { verbs: readonly Verb[]; env?: NodeJS.ProcessEnv },
): Promise<Said> {
  const [out, err] = [new Sink(), new Sink()];
  const terminal: Terminal = { out, err, env };
  const exit = await dispatch(argv, { verbs, terminal });
  return { exit, out: out.text, err: err.text };
}
