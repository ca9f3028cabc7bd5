import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import type { Terminal } from "./command.ts";
import { errorReport } from "./error-report.ts";
import { catalogueHelp, commandHelp, groupHelp } from "./help.ts";
import { groupNeedsWord, resolveVerb, type Verb } from "./verb.ts";
import { version } from "./version.ts";

/** The whole program behind `argv` (without interpreter and script). Errors become text on `err` and an exit code. */
export async function dispatch(
  argv: readonly string[],
  { verbs, terminal }: { verbs: readonly Verb[]; terminal: Terminal },
): Promise<ExitCode> {
  try {
    return await perform(argv, { verbs, terminal });
  } catch (error) {
    const { text, exit } = errorReport(error);
    terminal.err.write(text);
    return exit;
  }
}

async function perform(
  argv: readonly string[],
  { verbs, terminal }: { verbs: readonly Verb[]; terminal: Terminal },
): Promise<ExitCode> {
  const [first] = argv;
  const say = (text: string): ExitCode => {
    terminal.out.write(text);
    return ExitCode.done;
  };
  if (first === undefined)
    throw new UsageError("which command? The shortest start: drayage demo (see: drayage --help)");
  if (first === "--version") return say(`drayage ${version}\n`);
  if (first === "--help" || first === "-h" || argv.join(" ") === "help")
    return say(catalogueHelp(verbs));

  // `drayage help run` is what other programs have taught people to type.
  const words = first === "help" && argv.length > 1 ? [...argv.slice(1), "--help"] : argv;
  const resolved = resolveVerb(words, verbs);
  if (resolved.kind === "group") {
    if (!asks(words, "--help", "-h")) throw groupNeedsWord(resolved.group, resolved.verbs);
    return say(
      groupHelp(resolved.group, await Promise.all(resolved.verbs.map(({ load }) => load()))),
    );
  }
  const command = await resolved.verb.load();
  const other = command.instead?.(resolved.rest);
  if (other !== undefined) return perform(other, { verbs, terminal });
  const args = command.normalize?.(resolved.rest) ?? resolved.rest;
  if (asks(args, "--help", "-h")) return say(commandHelp(command));
  if (asks(args, "--version")) return say(`drayage ${version}\n`);
  // Loaded late: help and version do without, and most commands without YAML.
  const { flagFilePath, parseArguments } = await import("./parser.ts");
  const { env } = terminal;
  const path = flagFilePath(command, { args, env });
  const readFlags =
    path === undefined ? undefined : await (await import("./flag-file.ts")).flagFile(path, command);
  const { options, positionals } = parseArguments(command, { args, env, readFlags });
  return command.run(options, positionals, terminal);
}

/** Whether one of the flags stands among the arguments, before a `--`. */
function asks(args: readonly string[], ...flags: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => flags.includes(arg));
}
