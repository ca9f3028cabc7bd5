// The flag that names a file of flags, and how such a file is read: what the parser knows of it without loading YAML.
import type { OptionTable } from "./command.ts";
import { bareName } from "./positionals.ts";

/** By the names of flags; positional arguments by their names in lower case. */
export type FlagValues = ReadonlyMap<string, unknown>;

/** What `flagFile` of flag-file.ts makes of a file. Throws UsageError. */
export type ReadFlagFile = () => FlagValues;

/** The name of the flag that names such a file, if the command has one. */
export const flagFileOption = (options: OptionTable): string | undefined =>
  Object.keys(options).find((name) => options[name]?.holdsFlags === true);

/** `FILE...` and `[FILE]` are the key `file`. */
export const positionalKey = (positional: string): string => bareName(positional).toLowerCase();
