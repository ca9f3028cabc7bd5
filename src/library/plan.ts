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

/** What of a plan is no flag of its own name. */
export type PlanNames = {
  /** What the command line has without a flag, in its order: a text, or a list of them. */
  readonly positionals?: readonly string[];
  /** Flags that the plan calls otherwise. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** `config` may be values, which take the place of the file. */
  readonly configured?: boolean;
};

type Plan = Readonly<Record<string, unknown>>;

/** Takes a plan apart. Throws UsageError for one that is none. */
export function partsOf(
  plan: unknown,
  { positionals = [], renamed = {}, configured = false }: PlanNames,
): { readonly flags: Plan; readonly texts: readonly string[]; readonly config: unknown } {
  const given = planOf(plan);
  const texts = positionals.flatMap((name) => textsOf(name, given[name]));
  const flags = Object.fromEntries(
    Object.entries(given)
      .filter(([key]) => !positionals.includes(key))
      .map(([key, value]) => [renamed[key] ?? key, value]),
  );
  const { config } = given;
  if (!configured || typeof config === "string" || config === undefined)
    return { flags, texts, config: undefined };
  // A file that is named keeps its name; one that is given is called by what it is.
  return { flags: { ...flags, config: "configuration" }, texts, config };
}

/** Programs that nobody has checked the types of give anything, or nothing. */
export function planOf(plan: unknown): Plan {
  if (plan === undefined) return {};
  if (typeof plan === "object" && plan !== null && !Array.isArray(plan)) return plan as Plan;
  throw new UsageError(`the plan wants an object with options, not ${kindOf(plan)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}

/** Checks the plan against the options. Rejects with a UsageError with a line per mistake. */
export async function optionsOf<T extends OptionTable>(
  { options }: Pick<Command<T>, "options">,
  plan: Plan,
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
      throw new UsageError(`${label} wants a ${option.type}, not ${kindOf(value)}`);
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
function textsOf(label: string, given: unknown): string[] {
  if (given === undefined) throw new UsageError(`${label} is missing`);
  return [given].flat().map((text) => {
    if (typeof text === "string") return text;
    throw new UsageError(`${label} wants a string, not ${kindOf(text)}`);
  });
}

const camel = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
