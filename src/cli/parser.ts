// Command line → option values. yargs-parser takes the arguments apart; this file makes sure that nothing of them is lost:
// it accepts unknown flags, repeated ones and `--flag=maybe` in silence, so each of these is looked for here.
import Parser from "yargs-parser";
import { invariant, UsageError } from "../core/errors.ts";
import type { Command, Option, OptionTable, OptionValues } from "./command.ts";
import {
  type FlagValues,
  flagFileOption,
  positionalKey,
  type ReadFlagFile,
} from "./flag-file-option.ts";
import { optionValue, optionValues } from "./option-value.ts";
import { checkPositionals } from "./positionals.ts";
import { nearest } from "./suggestion.ts";
import { typedOptions } from "./typed-options.ts";

type Value = string | number | boolean;
type Parsed = Readonly<Record<string, unknown>>;

type Words = {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Of the file that `flagFilePath` names. */
  readonly readFlags?: ReadFlagFile | undefined;
};

const DASHED = /^-(\.?\d.*)?$/s;

const CONFIGURATION = {
  "camel-case-expansion": false,
  "dot-notation": false,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "populate--": true,
  "short-option-groups": false,
  "strip-aliased": true,
};

/**
 * Flags > `DRAYAGE_*` environment > file of flags > defaults. All mistakes are reported at once, one line each, as a UsageError.
 * `readFlags` reads the file, where one is named.
 */
export function parseArguments<T extends OptionTable>(
  command: Command<T>,
  { args, env, readFlags }: Words,
): { options: OptionValues<T>; positionals: readonly string[] } {
  const table = typedOptions(command.options);
  const { _: before, "--": after = [], ...flags } = parse(table, args);
  const positionals = [...asList(before), ...asList(after)].map(String);
  const mistakes: string[] = [];
  const attempt = <R>(step: () => R): R | undefined => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push(...error.lines);
      return undefined;
    }
  };
  const flagsGiven = args.slice(0, indexOrEnd(args, "--"));
  mistakes.push(...unknownFlags(flags, { table, given: flagsGiven }));
  mistakes.push(...badSwitches(table, flagsGiven));
  const file = attempt(() => fileOf(command, { flags, env, readFlags }) ?? new Map());
  const all: OptionTable = command.options;
  const values = Object.entries(all).map(([name, option]) => [
    name,
    attempt(() => given({ name, option, flag: flags[name], env, filed: file?.get(name) })),
  ]);
  positionals.push(...filedPositionals(command, { given: positionals.length, file }));
  // What is missing may stand in a file that has mistakes.
  if (file !== undefined) attempt(() => checkPositionals(command, positionals));
  if (mistakes.length > 0)
    throw new UsageError(
      [...new Set(mistakes)].map((line) => `${line} (see: drayage ${command.name} --help)`),
    );
  return { options: Object.fromEntries(values) as OptionValues<T>, positionals };
}

function parse(table: OptionTable, args: readonly string[]): Parsed {
  const names = Object.entries(table);
  const alias = names.flatMap(([name, { alias }]) => (alias === undefined ? [] : [[name, alias]]));
  const parsed: Parsed = Parser(withDashes(table, args), {
    // Numbers too: "0x10" or "" would become numbers that nobody typed.
    string: names.filter(([, { type }]) => type !== "boolean").map(([name]) => name),
    boolean: names.filter(([, { type }]) => type === "boolean").map(([name]) => name),
    array: names.filter(([, { array }]) => array === true).map(([name]) => name),
    alias: Object.fromEntries(alias) as Record<string, string>,
    configuration: CONFIGURATION,
  });
  return parsed;
}

/**
 * A lone `-`, which is standard input or output, and what begins with a minus and a digit, behind a flag that takes a value is that
 * value; yargs takes the one for an argument and the other, such as `-1s`, for flags.
 */
function withDashes(table: OptionTable, args: readonly string[]): string[] {
  const end = indexOrEnd(args, "--");
  const takes = (arg: string | undefined): boolean =>
    Object.entries(table).some(
      ([name, { type, alias }]) =>
        type !== "boolean" && (arg === `--${name}` || (alias !== undefined && arg === `-${alias}`)),
    );
  return args.flatMap((arg, at) => {
    if (at >= end) return [arg];
    const next = at + 1 < end ? args[at + 1] : undefined;
    if (next !== undefined && DASHED.test(next) && takes(arg)) return [`${arg}=${next}`];
    return DASHED.test(arg) && takes(args[at - 1]) ? [] : [arg];
  });
}

/** What the file of flags says, if there is one. */
function fileOf<T extends OptionTable>(
  command: Command<T>,
  { flags, env, readFlags }: { flags: Parsed } & Pick<Words, "env" | "readFlags">,
): FlagValues | undefined {
  if (pathOf(command, { flags, env }) === undefined) return undefined;
  invariant(readFlags !== undefined, `drayage ${command.name} comes with what reads its file`);
  return readFlags();
}

function pathOf(
  { options }: { readonly options: OptionTable },
  { flags, env }: { flags: Parsed } & Pick<Words, "env">,
): string | undefined {
  const name = flagFileOption(options);
  const option = name === undefined ? undefined : options[name];
  if (name === undefined || option === undefined) return undefined;
  const path = given({ name, option, flag: flags[name], env, filed: undefined });
  return typeof path === "string" ? path : undefined;
}

/** The file of flags that is named. What is wrong with its name, `parseArguments` says. */
export function flagFilePath(
  { options }: { readonly options: OptionTable },
  { args, env }: Pick<Words, "args" | "env">,
): string | undefined {
  if (flagFileOption(options) === undefined) return undefined;
  try {
    return pathOf({ options }, { flags: parse(typedOptions(options), args), env });
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Positional arguments of the file, behind those that were typed. */
const filedPositionals = (
  { positionals = [] }: Pick<Command<OptionTable>, "positionals">,
  { given, file }: { given: number; file: FlagValues | undefined },
): string[] =>
  positionals.slice(given).flatMap((positional) => {
    const value = file?.get(positionalKey(positional));
    return value === undefined ? [] : [String(value)];
  });

/** The value of one option, from the first place that has it. */
function given({
  name,
  option,
  flag,
  env,
  filed,
}: {
  name: string;
  option: Option;
  flag: unknown;
  env: NodeJS.ProcessEnv;
  filed: unknown;
}): unknown {
  if (option.type === "section") return filed;
  if (flag !== undefined) return fromFlag(`--${name}`, { option, flag });
  const variable = `DRAYAGE_${name.replaceAll("-", "_").toUpperCase()}`;
  const text = env[variable];
  // An empty variable counts as not set: that is how shells and service files switch one off.
  if (text !== undefined && text !== "") return fromVariable(variable, { option, text });
  if (filed !== undefined) return filed;
  if (option.array === true) return [];
  if (option.required === true && option.default === undefined)
    throw new UsageError(`${spelling(name, option)} is missing`);
  return option.default;
}

function fromFlag(
  label: string,
  { option, flag }: { option: Option; flag: unknown },
): Value | readonly Value[] {
  if (typeof flag === "boolean") {
    if (option.type === "boolean") return flag;
    throw new UsageError(`--no-${label.slice(2)} does not exist: ${label} takes a value`);
  }
  const texts = asList(flag).map(String);
  const wanting = texts.includes("") && option.empty !== true;
  if (texts.length === 0 || wanting) throw new UsageError(`${label} needs a value`);
  const values = optionValues(texts, (text) => optionValue(text, { option, label }));
  if (option.array === true) return values;
  if (values.length > 1)
    throw new UsageError(`${label} is given ${values.length} times: say it once`);
  return values[0] as Value;
}

function fromVariable(
  label: string,
  { option, text }: { option: Option; text: string },
): Value | readonly Value[] {
  if (option.array !== true) return optionValue(text, { option, label });
  const lines = text.split("\n").filter((line) => line !== "");
  return optionValues(lines, (line) => optionValue(line, { option, label }));
}

function unknownFlags(
  flags: Parsed,
  { table, given }: { table: OptionTable; given: readonly string[] },
): string[] {
  const letters = Object.values(table).flatMap(({ alias }) => (alias === undefined ? [] : [alias]));
  const known = new Set([...Object.keys(table), ...letters]);
  const typed = Object.keys(flags)
    .filter((key) => !known.has(key))
    .map(
      (key) =>
        given.find((arg) => flagName(arg) === key || flagName(arg) === `no-${key}`) ?? `--${key}`,
    );
  // The parser keeps its positionals under this key, so a flag of that name would pass as one.
  const hidden = given.filter((arg) => flagName(arg) === "_");
  return [...typed, ...hidden].map((arg) => {
    const flag = arg.replace(/=.*$/s, "");
    const near = nearest(flag.replace(/^-+/, ""), [...Object.keys(table), "help", "version"]);
    return `unknown flag ${flag}${near === undefined ? "" : `; did you mean --${near}?`}`;
  });
}

/** Switches with a value that is neither true nor false, and switches given twice. */
function badSwitches(table: OptionTable, given: readonly string[]): string[] {
  return Object.entries(table).flatMap(([name, { type, alias }]) => {
    if (type !== "boolean") return [];
    const names: (string | undefined)[] = [name, `no-${name}`, alias ?? name];
    const uses = given.filter((arg) => names.includes(flagName(arg)));
    const odd = uses.filter((arg) => arg.includes("=") && !/=(true|false)$/.test(arg));
    return [
      ...odd.map((arg) => `--${name} is a switch: write --${name} or --no-${name}, not ${arg}`),
      ...(uses.length > 1 ? [`--${name} is given ${uses.length} times: say it once`] : []),
    ];
  });
}

const flagName = (arg: string): string | undefined => /^--?([^=]+)/.exec(arg)?.[1];

const spelling = (name: string, { alias, value = "VALUE" }: Option): string =>
  alias === undefined ? `--${name} ${value}` : `--${name} ${value} (or -${alias} ${value})`;

const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

function indexOrEnd(list: readonly string[], item: string): number {
  const at = list.indexOf(item);
  return at < 0 ? list.length : at;
}
