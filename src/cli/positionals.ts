import { UsageError } from "../core/errors.ts";
import type { Command, OptionTable } from "./command.ts";

/** Compares what was given with the command's list: `FILE` = exactly one, `[FILE]` = at most one, `FILE...` = one or more. */
export function checkPositionals<T extends OptionTable>(
  { name, positionals = [] }: Pick<Command<T>, "name" | "positionals">,
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
}
