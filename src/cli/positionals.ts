import { UsageError } from "../core/errors.ts";
import type { Command, OptionTable } from "./command.ts";
import { hint } from "./suggestion.ts";

/** `FILE` of `[FILE...]`. */
export const bareName = (positional: string): string => positional.replace(/[^A-Z_]/g, "");

/** Compares what was given with the command's list: `FILE` = exactly one, `[FILE]` = at most one, `FILE...` = one or more. */
export function checkPositionals<T extends OptionTable>(
  { name, positionals = [], words = {} }: Pick<Command<T>, "name" | "positionals" | "words">,
  given: readonly string[],
): void {
  const wanted = positionals.filter((positional) => !positional.startsWith("["));
  const many = positionals.some((positional) => positional.replace("]", "").endsWith("..."));
  const missing = wanted[given.length];
  if (missing !== undefined)
    throw new UsageError(`${missing} is missing: type drayage ${name} ${positionals.join(" ")}`);
  const extra = given[positionals.length];
  if (extra !== undefined && !many)
    throw new UsageError(
      positionals.length === 0
        ? `drayage ${name} takes flags only and got "${extra}"`
        : `drayage ${name} takes ${positionals.join(" ")} and got "${extra}" besides`,
    );
  for (const [at, positional] of positionals.entries()) {
    const bare = bareName(positional);
    const known = words[bare];
    const word = given[at];
    if (known === undefined || word === undefined || known.includes(word)) continue;
    throw new UsageError(`${bare} cannot be "${word}"${hint(word, known)}`);
  }
}
