import type { ExitCode } from "../core/exit-code.ts";

/** Where a command reads and writes. Data goes to `out`, everything else to `err`; tests pass their own. */
export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
}

/** One line of the option table. The key in the table is the flag's name without dashes. */
export type Option = {
  readonly type: "string" | "number" | "boolean";
  readonly alias?: string;
  readonly array?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
  readonly required?: boolean;
  /** Name of the value in `--help`, e.g. FILE. */
  readonly value?: string;
  readonly help: string;
};

export type OptionTable = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O["type"] extends "string"
  ? string
  : O["type"] extends "number"
    ? number
    : boolean;
type Given<O extends Option> = O extends { array: true } ? ValueOf<O>[] : ValueOf<O>;
type Sure<O extends Option> = O extends { required: true } | { default: string | number | boolean }
  ? Given<O>
  : Given<O> | undefined;

/** What a command receives: camel-case keys are not made, the flag's own spelling is the key. */
export type OptionValues<T extends OptionTable> = { readonly [Name in keyof T]: Sure<T[Name]> };

/** A verb of `drayage`. `--help` opens with the examples. */
export interface Command<T extends OptionTable = OptionTable> {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly { readonly type: string; readonly does: string }[];
  /** Names of positional arguments, for `--help`; `FILE...` takes one or more, `[FILE]` is optional. */
  readonly positionals?: readonly string[];
  readonly options: T;
  run(
    options: OptionValues<T>,
    positionals: readonly string[],
    terminal: Terminal,
  ): Promise<ExitCode>;
}
