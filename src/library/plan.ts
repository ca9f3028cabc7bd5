// From a plan, which is an object with the names of a command's flags in camel case, to what the command is run with: the
// same table of options checks both.
import type { Command, FileSection, Option, OptionTable, OptionValues } from "../cli/command.ts";
import { optionValue, optionValues } from "../cli/option-value.ts";
import { hint } from "../cli/suggestion.ts";
import { UsageError } from "../core/errors.ts";

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

type Value<O extends Option> = O extends { section: FileSection<infer Input, unknown> }
  ? Input
  : O["type"] extends "string"
    ? O extends { choices: readonly (infer Choice)[] }
      ? Choice
      : string
    : O["type"] extends "number"
      ? number
      : boolean;

/** Flags that speak of a person's terminal. */
type Terminals = "ui" | "quiet" | "json";

type Given<T extends OptionTable> = {
  readonly [Name in Exclude<keyof T & string, Terminals> as Camel<Name>]?:
    | (T[Name] extends { array: true } ? readonly Value<T[Name]>[] : Value<T[Name]>)
    | undefined;
};

/** The flags of a command as a program gives them. */
export type PlanOf<C> = C extends Command<infer T> ? Given<T> : never;

/** Checks the plan against the options. Rejects with a UsageError with a line per mistake. */
export async function optionsOf<T extends OptionTable>(
  { options }: Pick<Command<T>, "options">,
  plan: Readonly<Record<string, unknown>>,
): Promise<OptionValues<T>> {
  const table: OptionTable = options;
  const names = new Map(Object.keys(table).map((name) => [camel(name), name]));
  const mistakes = Object.keys(plan)
    .filter((key) => !names.has(key))
    .map((key) => `unknown option ${key}${hint(key, [...names.keys()])}`);
  const values: [string, unknown][] = [];
  for (const [key, name] of names)
    try {
      values.push([name, await valueFrom(key, plan[key], table[name] as Option)]);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push(...error.lines);
    }
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return Object.fromEntries(values) as OptionValues<T>;
}

function valueFrom(label: string, given: unknown, option: Option): unknown {
  if (given === undefined && option.array === true) return [];
  if (given === undefined && option.default !== undefined) return option.default;
  if (given === undefined && option.required === true)
    throw new UsageError(`${label} is missing: ${option.help}`);
  if (given === undefined) return undefined;
  if (option.section !== undefined) return sectionFrom(label, given, option.section);
  const read = (value: unknown) => {
    if (typeof value !== option.type)
      throw new UsageError(`${label} wants a ${option.type}, not ${typeof value}`);
    return optionValue(String(value), { option, label });
  };
  return option.array === true ? optionValues([given].flat(), read) : read(given);
}

async function sectionFrom(
  label: string,
  given: unknown,
  section: FileSection<unknown, unknown>,
): Promise<unknown> {
  const read = (await section.load()).read(label, given);
  if ("value" in read) return read.value;
  throw new UsageError(read.map(({ sentence }) => sentence));
}

/** Texts of a plan that have no flag. Throws UsageError. */
export const textsOf = (named: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(named).flatMap(([label, given]) => {
    if (given === undefined) throw new UsageError(`${label} is missing`);
    return [given].flat().map((text) => {
      if (typeof text === "string") return text;
      throw new UsageError(`${label} wants a string, not ${typeof text}`);
    });
  });

const camel = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
