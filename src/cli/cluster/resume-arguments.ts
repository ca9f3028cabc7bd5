// `drayage master --resume RUN`: the command line that the run was started with stands in its run directory.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";

/**
 * Arguments of `drayage master` with those of the killed one in front, where `--resume` names a run directory. Where it is the
 * id of a run, they are typed again; `-c run` need not be. Throws UsageError.
 */
export function resumeArguments(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => arg === "--resume" || arg.startsWith("--resume="));
  if (at < 0) return args;
  const joined = args[at] !== "--resume";
  const named = joined ? args[at]?.slice("--resume=".length) : args[at + 1];
  if (named === undefined || named === "") return args;
  const rest = [...args.slice(0, at), ...args.slice(at + (joined ? 1 : 2))];
  if (!existsSync(join(named, "run.json"))) {
    const isSaid = rest.some((arg) => /^(?:-c|--command)(?:=|$)/.test(arg));
    return [...(isSaid ? [] : ["-c", "run"]), ...rest, `--resume=${named}`];
  }
  const { id, words } = recorded(join(named, "run.json"));
  return [...withoutNamed(words, rest), ...rest, `--resume=${id}`];
}

/** What is typed now replaces what was typed then; settings add up. */
function withoutNamed(words: readonly string[], rest: readonly string[]): string[] {
  const flagOf = (word = ""): string | undefined => /^--[a-z][a-z-]*/.exec(word)?.[0];
  const named = new Set(rest.map(flagOf));
  named.delete("--set");
  const isDropped = (word = ""): boolean => named.has(flagOf(word) ?? "");
  return words.filter((word, at) => {
    const before = words[at - 1];
    const isValue = before !== undefined && isDropped(before) && !before.includes("=");
    return !isDropped(word) && !(isValue && !word.startsWith("-"));
  });
}

function recorded(path: string): { readonly id: string; readonly words: readonly string[] } {
  const { arguments: words, plan, verb } = readRun(path);
  const id = plan?.runId;
  if (typeof id !== "string" || !Array.isArray(words) || !isResumable(verb))
    throw new UsageError(`${path} is of no run that can be resumed`);
  if (words.some((word) => String(word).includes("[redacted]")))
    throw new UsageError(
      `the command line had a secret, which ${path} does not: type it again, with --resume ${id}`,
    );
  return { id, words: asMaster(words.map(String)) };
}

const isResumable = (verb: unknown): verb is "run" | "warmup" =>
  verb === "run" || verb === "warmup";

type Recorded = {
  readonly arguments?: unknown;
  readonly verb?: unknown;
  readonly plan?: { readonly runId?: unknown } | null;
};

function readRun(path: string): Recorded {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Recorded;
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

/** Without the run directory, which is the dead master's; `run --nodes` says the same as `master -c run`. */
function asMaster([verb, ...written]: readonly string[]): string[] {
  // A run that was resumed, and lost its master again, has the arguments of the one before.
  const words = resumeArguments(written);
  const kept = words.filter((word, at) => {
    const isValue = words[at - 1] === "--out" || words[at - 1] === "--resume";
    return !isValue && !/^--(?:out|resume|nodes|restart)(?:=|$)/.test(word);
  });
  return isResumable(verb) ? ["-c", verb, ...kept] : kept;
}
