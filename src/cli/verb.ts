import { UsageError } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { hint, listed, nearest } from "./suggestion.ts";

/** A line of the catalogue. The command's file is loaded when it is typed, so that `drayage --help` loads none of them. */
export type Verb = {
  /** One word, or two: `trace synth`. */
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
};

/** What the words at the beginning of a command line stand for. `rest` is what follows them. */
export type Resolved =
  | { readonly kind: "verb"; readonly verb: Verb; readonly rest: readonly string[] }
  | { readonly kind: "group"; readonly group: string; readonly verbs: readonly Verb[] };

/** Finds the verb. A first word that needs a second is a group when asked for help or left alone. */
export function resolveVerb(argv: readonly string[], verbs: readonly Verb[]): Resolved {
  const [first = "", second = ""] = argv;
  const single = verbs.find(({ name }) => name === first);
  if (single !== undefined) return { kind: "verb", verb: single, rest: argv.slice(1) };
  const double = verbs.find(({ name }) => name === `${first} ${second}`);
  if (double !== undefined) return { kind: "verb", verb: double, rest: argv.slice(2) };
  const group = verbs.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) throw unknownVerb([first, second], verbs);
  if (second === "" || second.startsWith("-")) return { kind: "group", group: first, verbs: group };
  const seconds = group.map(({ name }) => secondWord(name));
  throw new UsageError(
    `unknown command "${first} ${second}"${hint(second, seconds)} (see: drayage ${first} --help)`,
  );
}

/** For `drayage trace` alone. */
export function groupNeedsWord(group: string, verbs: readonly Verb[]): UsageError {
  const seconds = listed(verbs.map(({ name }) => secondWord(name)));
  return new UsageError(
    `"${group}" needs a second word: ${seconds} (see: drayage ${group} --help)`,
  );
}

function unknownVerb([first = "", second = ""]: readonly string[], verbs: readonly Verb[]): Error {
  if (first.startsWith("-"))
    return new UsageError(
      `${first} stands before the command: write drayage COMMAND ${first} (see: drayage --help)`,
    );
  const singles = verbs.map(({ name }) => name);
  const groups = singles.map((name) => name.replace(/ .*/, ""));
  // Two mistyped words are compared as two, or `tarce synht` would be nearest to some single word.
  const near =
    nearest(
      `${first} ${second}`,
      singles.filter((name) => name.includes(" ")),
    ) ??
    nearest(first, [...new Set([...singles.filter((name) => !name.includes(" ")), ...groups])]);
  const suggestion = near === undefined ? "" : `; did you mean "${near}"?`;
  return new UsageError(`unknown command "${first}"${suggestion} (see: drayage --help)`);
}

const secondWord = (name: string): string => name.slice(name.indexOf(" ") + 1);
