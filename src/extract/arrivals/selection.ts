import { UsageError } from "../../core/errors.ts";
import type { EventRow } from "./event-rows.ts";

// Nova names an event after the function that it wraps; a private function has an underscore of its own, so there are two
// in most releases and one in some.
const sets: Readonly<Record<string, RegExp>> = {
  build: /^compute__?do_build_and_run_instance$/,
  rebuild: /^compute__?rebuild_instance$/,
  unshelve: /^compute__?unshelve_instance$/,
  evacuate: /^(?:compute__?(?:rebuild|evacuate)_instance|conductor_rebuild_instance)$/,
  migrate:
    /^(?:compute__?(?:do_|post_)?live_migration(?:_at_destination)?|conductor_(?:live_)?migrate_(?:server|instance))$/,
  resize: /^compute__?(?:prep_resize|finish_resize|resize_instance)$/,
};

const eventSets: readonly string[] = Object.keys(sets);

/** Which events pull an image: names of sets, or `re:REGEX`. Machines pull when they are created. */
export function eventFilter(choices: readonly string[]): (row: EventRow) => boolean {
  const expressions = choices.map(expressionOf);
  return ({ trace, event }) =>
    trace === "machines"
      ? event === "CREATE"
      : expressions.some((expression) => expression.test(event));
}

function expressionOf(choice: string): RegExp {
  const known = Object.hasOwn(sets, choice) ? sets[choice] : undefined;
  if (known !== undefined) return known;
  if (!choice.startsWith("re:"))
    throw new UsageError(`--events wants ${eventSets.join(", ")} or re:REGEX, not "${choice}"`);
  try {
    return new RegExp(choice.slice(3));
  } catch (error) {
    throw new UsageError(`--events ${choice} is no regular expression`, { cause: error });
  }
}
