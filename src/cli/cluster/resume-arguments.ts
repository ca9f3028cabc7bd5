// `--resume RUN`: the command line that a run was started with stands in its run directory. Runs and warm-ups are carried on by
// `drayage master`, loads and ramps by `drayage load` and `drayage pull`, for which `drayage master` stands as well.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";

/**
 * Arguments of `drayage master` with those of the killed one in front, where `--resume` names a run directory. Where it is the
 * id of a run, they are typed again; `-c run` need not be. Throws UsageError.
 */
export function resumeArguments(args: readonly string[]): readonly string[] {
  const given = resumeIn(args);
  if (given === undefined) return args;
  const { named, path, rest } = given;
  if (path === undefined) {
    const isSaid = rest.some((arg) => /^(?:-c|--command)(?:=|$)/.test(arg));
    return [...(isSaid ? [] : ["-c", "run"]), ...rest, `--resume=${named}`];
  }
  const { id, words } = recorded(path, { run: asMaster, warmup: asMaster });
  return [...withoutNamed(words, rest), ...rest, `--resume=${id}`];
}

/** The same of `drayage load`. `switches`: its flags that take no value. */
export function loadArguments(
  args: readonly string[],
  switches: ReadonlySet<string>,
): readonly string[] {
  const given = resumeIn(args);
  if (given?.path === undefined) return args;
  const { path, rest } = given;
  const asLoad = ([, ...written]: readonly string[]): string[] =>
    withoutEnds(loadArguments(written, switches));
  const { id, words } = recorded(path, { load: asLoad });
  return [...withoutNamed(words, rest, switches), ...rest, `--resume=${id}`];
}

/** The same of `drayage pull`. `joined`: makes single words of flags and their values. */
export function rampArguments(
  args: readonly string[],
  joined: (args: readonly string[]) => readonly string[],
): readonly string[] {
  const given = resumeIn(joined(args));
  if (given?.path === undefined) return joined(args);
  const { path, rest } = given;
  const asRamp = ([, ...written]: readonly string[]): string[] =>
    withoutEnds(rampArguments(written, joined));
  const { id, words, seed } = recorded(path, { pull: asRamp });
  const seeded = words.some((word) => word.startsWith("--seed=")) ? [] : [`--seed=${String(seed)}`];
  return [...withoutNamed([...words, ...seeded], rest), ...rest, `--resume=${id}`];
}

/** The command line that `drayage master --resume DIR` stands for, where the directory is that of a load or a ramp. */
export function resumedElsewhere(args: readonly string[]): readonly string[] | undefined {
  const path = resumeIn(args)?.path;
  if (path === undefined) return undefined;
  const { verb } = readRun(path);
  return verb === "load" || verb === "pull" ? [verb, ...args] : undefined;
}

const RUN_ID = /^[0-9a-f]{4,48}$/;

type Given = {
  /** Run directory, or id of a run. */
  readonly named: string;
  /** `run.json` of the run directory. */
  readonly path: string | undefined;
  /** The other arguments. */
  readonly rest: readonly string[];
};

function resumeIn(args: readonly string[]): Given | undefined {
  const at = args.findIndex((arg) => arg === "--resume" || arg.startsWith("--resume="));
  if (at < 0) return undefined;
  const joined = args[at] !== "--resume";
  const named = joined ? args[at]?.slice("--resume=".length) : args[at + 1];
  if (named === undefined || named === "") return undefined;
  const path = join(named, "run.json");
  const rest = [...args.slice(0, at), ...args.slice(at + (joined ? 1 : 2))];
  if (existsSync(path)) return { named, path, rest };
  if (RUN_ID.test(named)) return { named, path: undefined, rest };
  throw new UsageError(
    existsSync(named)
      ? `${path} is not there: the run had not begun, start it anew`
      : `--resume wants a run directory or the id of a run, as its master printed it: there is no ${named}`,
  );
}

/** What is typed now replaces what was typed then; settings add up. */
function withoutNamed(
  words: readonly string[],
  rest: readonly string[],
  switches: ReadonlySet<string> = new Set(),
): string[] {
  const flagOf = (word = ""): string | undefined => /^--[a-z][a-z-]*/.exec(word)?.[0];
  const named = new Set(rest.map(flagOf));
  named.delete("--set");
  const isDropped = (word = ""): boolean => named.has(flagOf(word) ?? "");
  return words.filter((word, at) => {
    const before = words[at - 1];
    const takesNext =
      before !== undefined && !before.includes("=") && !switches.has(before.slice("--".length));
    const isValue = takesNext && isDropped(before);
    return !isDropped(word) && !(isValue && !word.startsWith("-"));
  });
}

/** By the verb of a run, its command line as it is typed to carry it on. */
type Retyped = Readonly<Record<string, (written: readonly string[]) => string[]>>;

function recorded(
  path: string,
  retyped: Retyped,
): { readonly id: string; readonly words: readonly string[]; readonly seed: unknown } {
  const { arguments: words, plan, verb, seed } = readRun(path);
  const id = plan?.runId;
  const retype = typeof verb === "string" ? retyped[verb] : undefined;
  if (typeof id !== "string" || !Array.isArray(words) || retype === undefined)
    throw new UsageError(
      `${path} is of no run that can be resumed: runs, warm-ups, loads and ramps over message servers can be, but for herds and phases; type this one again`,
    );
  if (words.some((word) => String(word).includes("[redacted]")))
    throw new UsageError(
      `the command line had a secret, which ${path} does not: type it again, with --resume ${id}`,
    );
  return { id, words: retype(words.map(String)), seed };
}

type Recorded = {
  readonly arguments?: unknown;
  readonly verb?: unknown;
  readonly seed?: unknown;
  readonly plan?: { readonly runId?: unknown } | null;
};

function readRun(path: string): Recorded {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Recorded;
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

/** `run --nodes` says the same as `master -c run`. */
function asMaster([verb = "", ...written]: readonly string[]): string[] {
  // A run that was resumed, and lost its master again, has the arguments of the one before.
  const kept = withoutEnds(resumeArguments(written));
  return verb === "run" || verb === "warmup" ? ["-c", verb, ...kept] : kept;
}

/** Without the run directory, which is the dead master's, and what was said of resuming then. */
const withoutEnds = (words: readonly string[]): string[] =>
  words.filter((word, at) => {
    const isValue = words[at - 1] === "--out" || words[at - 1] === "--resume";
    return !isValue && !/^--(?:out|results|resume|nodes|restart)(?:=|$)/.test(word);
  });
