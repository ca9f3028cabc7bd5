import type { ZodType } from "zod";
import type { ExitCode } from "../core/exit-code.ts";
import type { Mistake } from "./config/mistake.ts";
import type { Program } from "./program.ts";

/** Where a command reads and writes. Data goes to `out`, everything else to `err`; tests pass their own. */
export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  /** Whoever performs the command by the library, in place of a person. */
  readonly program?: Program;
}

/**
 * One line of the option table. The key in the table is the flag's name without dashes.
 * A flag that is not given is looked up as `DRAYAGE_<NAME>` in the environment, then in the file of flags if the command takes
 * one, then takes its default.
 */
export type Option = {
  readonly type: "string" | "number" | "boolean" | "section";
  /** Sections only: a mapping in the file of flags, which neither a flag nor a variable can say. */
  readonly section?: FileSection<unknown, unknown>;
  /** One letter, given with one dash. */
  readonly alias?: string;
  /** May be repeated. In the environment: one value a line. */
  readonly array?: boolean;
  /** Text only: `--flag ""` is a value like any other. */
  readonly empty?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
  readonly required?: boolean;
  /** Where a required flag need not be given, for the help. */
  readonly unless?: string;
  /** Numbers only: bounds, both inclusive, and whether fractions are refused. */
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
  /** Text only: throws a UsageError for what the command could not use. `label` is the flag or the variable as it was spelt. */
  readonly check?: (text: string, label: string) => void;
  /** The value names a YAML file with values of the other flags: `flag-file.ts`. */
  readonly holdsFlags?: true;
  /** Name of the value in `--help`, e.g. FILE; FILE and DIR are completed as such. */
  readonly value?: string;
  readonly help: string;
};

/** How a mapping in a file of flags is read. `Input` is what is written, `Output` what a command gets. */
export interface FileSection<Input, Output> {
  /** What checks it takes longer to load than most commands take to start: only files that have the section need it. */
  load(): Promise<SectionReader<Output>>;
  /** How it might be. */
  readonly sample: Input;
}

export interface SectionReader<Output> {
  /** `key`: the name of the option, which places and sentences begin with. */
  read(key: string, value: unknown): { readonly value: Output } | readonly Mistake[];
  /** The keys that it knows. */
  readonly table: ZodType;
}

export type OptionTable = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O extends { section: FileSection<unknown, infer Output> }
  ? Output
  : O["type"] extends "string"
    ? string
    : O["type"] extends "number"
      ? number
      : boolean;
type Sure<O extends Option> = O extends { array: true }
  ? readonly ValueOf<O>[]
  : O extends { required: true } | { default: string | number | boolean }
    ? ValueOf<O>
    : ValueOf<O> | undefined;

/**
 * What a command receives: camel-case keys are not made, the flag's own spelling is the key.
 * A repeatable option that was not given is an empty list.
 */
export type OptionValues<T extends OptionTable> = { readonly [Name in keyof T]: Sure<T[Name]> };

/** A verb of `drayage`. `--help` opens with the examples. */
export interface Command<T extends OptionTable = OptionTable> {
  /** As it is typed: one word, or two such as `trace synth`. */
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly { readonly type: string; readonly does: string }[];
  /** Names of positional arguments, for `--help`; `FILE...` takes one or more, `[FILE]` is optional. */
  readonly positionals?: readonly string[];
  /** What a positional argument may be, by its name. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
  readonly options: T;
  /** The whole command line of another verb, where the words behind this one stand for it. */
  readonly instead?: (args: readonly string[]) => readonly string[] | undefined;
  /** Rewrites the words behind the verb before they are taken apart, for a command line that has rules of its own. */
  readonly normalize?: (args: readonly string[]) => readonly string[];
  run(
    options: OptionValues<T>,
    positionals: readonly string[],
    terminal: Terminal,
  ): Promise<ExitCode>;
}
