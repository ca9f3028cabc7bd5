// From what the schema objects to, to sentences that begin with the full path of a key.
import type * as z from "zod";
import type { KeyTree } from "../config/key-tree.ts";
import { type Mistake, nameOf, valueAt } from "../config/mistake.ts";
import { isMapping } from "../config/values.ts";
import type { Path } from "../config/yaml-file.ts";
import { nearest } from "../suggestion.ts";

/** Values of these keys are never shown. */
export const secretKeys: readonly string[] = ["token", "password"];

const SHOWN_MAX = 60;

/** One mistake per thing to mend, all of them at once. */
export function recordMistakes(
  issues: readonly z.core.$ZodIssue[],
  { data, keys }: { data: unknown; keys: KeyTree },
): Mistake[] {
  return issues.flatMap((issue) => mistakesOf(issue, { data, keys, base: [] }));
}

type Context = { readonly data: unknown; readonly keys: KeyTree; readonly base: Path };

function mistakesOf(issue: z.core.$ZodIssue, context: Context): Mistake[] {
  const path: Path = [
    ...context.base,
    ...issue.path.map((part) => (typeof part === "number" ? part : String(part))),
  ];
  const found = valueAt(context.data, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], context.keys));
    case "invalid_union": {
      // The objections of the form that was meant: a list is judged as a list.
      const meant = issue.errors.find((form) =>
        form.some((inner) => inner.path.length > 0 || inner.code === "custom"),
      );
      if (meant !== undefined)
        return meant.flatMap((inner) => mistakesOf(inner, { ...context, base: path }));
      break;
    }
    default:
      break;
  }
  const message = issue.message.startsWith("expected")
    ? `${issue.message}, ${foundWords(found, path)}`
    : issue.message;
  return [
    { path, part: found === undefined ? "key" : "value", sentence: `${nameOf(path)}: ${message}` },
  ];
}

/** `record.flush_intervall: unknown key; did you mean "flush_interval"?` */
function unknownKey(path: Path, keys: KeyTree): Mistake {
  const siblings = keys.below(path.slice(0, -1));
  const near = nearest(String(path.at(-1)), siblings);
  const advice =
    near === undefined ? `known here: ${siblings.join(", ")}` : `did you mean "${near}"?`;
  return { path, part: "key", sentence: `${nameOf(path)}: unknown key; ${advice}` };
}

function foundWords(value: unknown, path: Path): string {
  if (value === undefined) return "but it is missing";
  return `found ${shown(value, path)}`;
}

function shown(value: unknown, path: Path): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (isMapping(value)) return "a mapping";
  if (secretKeys.includes(String(path.at(-1)))) return `a ${typeof value} (not shown)`;
  if (typeof value !== "string") return String(value);
  const short = value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value;
  return JSON.stringify(short.replace(/^([a-z]+:\/\/)[^@/]*@/i, "$1***@"));
}
