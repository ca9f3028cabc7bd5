import type { Command, Option, OptionTable } from "./command.ts";
import { typedOptions } from "./typed-options.ts";
import type { Verb } from "./verb.ts";

const LEFT_MAX = 30;
const LINE_MAX = 100;

/** `drayage --help`. Loads no command. */
export function catalogueHelp(verbs: readonly Verb[]): string {
  return [
    "Examples:",
    ...columns([
      ["drayage demo", "see everything at work, without any preparation"],
      ["drayage warmup -i config.yaml", "fill a registry with what a trace will ask for"],
      ["drayage run -i config.yaml", "replay the trace against it and measure"],
    ]),
    "",
    "Commands:",
    ...columns(verbs.map(({ name, summary }) => [`drayage ${name}`, summary])),
    "",
    "Each command explains itself: drayage COMMAND --help. drayage --version prints the version.",
    "A flag that is not given is looked up in the environment (--quiet: DRAYAGE_QUIET), then in the configuration file.",
    "",
  ].join("\n");
}

/** For the verbs of one group, such as `drayage trace`; opens with the first example of each. */
export function groupHelp(group: string, commands: readonly Command[]): string {
  return [
    "Examples:",
    ...columns(
      commands.flatMap(({ examples }) =>
        examples.slice(0, 1).map(({ type, does }) => [type, does]),
      ),
    ),
    "",
    `Commands of drayage ${group}:`,
    ...columns(commands.map(({ name, summary }) => [`drayage ${name}`, summary])),
    "",
  ].join("\n");
}

export function commandHelp({
  name,
  summary,
  examples,
  positionals = [],
  options,
}: Command<OptionTable>): string {
  return [
    "Examples:",
    ...columns(examples.map(({ type, does }) => [type, does])),
    "",
    `drayage ${[name, ...positionals].join(" ")} [FLAGS]: ${summary}`,
    "",
    "Flags:",
    ...columns([
      ...Object.entries(typedOptions(options)).map(flagRow),
      ["-h, --help", "this text"],
      ["    --version", "version of drayage"],
    ]),
    "",
  ].join("\n");
}

const flagRow = ([name, option]: [string, Option]): readonly [string, string] => [
  `${option.alias === undefined ? "   " : `-${option.alias},`} --${name}${valueName(option, " ")}`,
  flagText(option),
];

/** Name of the value behind `before`; empty for a switch. */
export const valueName = ({ type, value }: Option, before: string): string =>
  type === "boolean" ? "" : `${before}${value ?? (type === "number" ? "N" : "VALUE")}`;

/** What the flag does, what it takes and what holds without it. */
export function flagText(option: Option): string {
  const { choices, help, array, required, unless, default: preset } = option;
  const notes = [
    ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
    ...(array === true ? ["may be repeated"] : []),
    ...(required === true ? [unless === undefined ? "required" : `required, ${unless}`] : []),
    ...(preset === undefined || preset === false ? [] : [`default ${preset}`]),
  ];
  return notes.length === 0 ? help : `${help} (${notes.join("; ")})`;
}

/** Two columns; a left side that is too long has its right side on the next line, and long right sides are folded. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const fitting = rows.map(([left]) => left.length).filter((length) => length <= LEFT_MAX);
  const width = Math.max(0, ...fitting);
  return rows.flatMap(([left, right]) => {
    const [first = "", ...more] = folded(right, LINE_MAX - width - 4);
    const below = more.map((line) => `  ${"".padEnd(width)}  ${line}`);
    return left.length <= width
      ? [`  ${left.padEnd(width)}  ${first}`.trimEnd(), ...below]
      : [`  ${left}`, `  ${"".padEnd(width)}  ${first}`, ...below];
  });
}

/** Broken at blanks only: a word that is longer than a line keeps a line of its own. */
function folded(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
