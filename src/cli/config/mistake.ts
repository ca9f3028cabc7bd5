// From what the schema objects to, to sentences that name key, expectation and finding.
import type * as z from "zod";
import { listed, nearest } from "../suggestion.ts";
import { FileMistakes } from "./file-mistakes.ts";
import type { KeyTree } from "./key-tree.ts";
import { isMapping } from "./values.ts";
import type { Path, YamlFile } from "./yaml-file.ts";

/** Something wrong at a place of the configuration. `part` says whether the key or its value is pointed at. */
export type Mistake = {
  readonly path: Path;
  readonly part?: "key" | "value";
  readonly sentence: string;
};

const SHOWN_MAX = 60;

/** The mistakes with their places, as one error. */
export const refused = (file: YamlFile, mistakes: readonly Mistake[]): FileMistakes =>
  new FileMistakes(
    file.name,
    mistakes.map(({ path, part = "value", sentence }) => ({
      ...file.locate(path, part),
      sentence,
    })),
  );

/** One mistake per thing to mend. `data` is what the user wrote: variables are not filled in, so they cannot show. */
export function mistakesOf(
  issues: readonly z.core.$ZodIssue[],
  { data, keys }: { data: unknown; keys: KeyTree },
): Mistake[] {
  return issues.flatMap((issue) => mistakesOfIssue(issue, { data, keys, base: [] }));
}

type Context = { readonly data: unknown; readonly keys: KeyTree; readonly base: Path };

function mistakesOfIssue(issue: z.core.$ZodIssue, context: Context): Mistake[] {
  const path: Path = [...context.base, ...issue.path.map(step)];
  const { code, message } = issue;
  if (code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey([...path, key], context.keys));
  if (code === "invalid_union") {
    const inside = insideOf(issue.errors);
    if (inside !== undefined)
      return inside.flatMap((inner) => mistakesOfIssue(inner, { ...context, base: path }));
  }
  const found = valueAt(context.data, path);
  if (found === undefined && code === "invalid_type") return [missing(path, message)];
  const name = nameOf(path);
  if (!message.startsWith("expected")) return [{ path, sentence: `${name}: ${message}` }];
  const values = code === "invalid_value" ? issue.values.map(String) : [];
  const near = typeof found === "string" ? nearest(found, values) : undefined;
  const suggestion = near === undefined ? "" : `; did you mean "${near}"?`;
  return [{ path, sentence: `${name}: ${message}, found ${shown(found, path)}${suggestion}` }];
}

/** The form of a union that the value was meant to be: the one whose objections lie inside it. */
function insideOf(
  forms: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  return forms.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
}

/** `unknown key "client_info.thread"; did you mean "threads"?` */
function unknownKey(path: Path, keys: KeyTree): Mistake {
  const word = String(path.at(-1));
  const siblings = keys.below(path.slice(0, -1));
  const near = nearest(word, siblings);
  const elsewhere = keys.called(word);
  const advice = (): string => {
    if (near !== undefined) return `did you mean "${near}"?`;
    if (elsewhere.length > 0) return `there is ${listed(elsewhere.map((key) => `"${key}"`))}`;
    return `known here: ${siblings.join(", ")}`;
  };
  return { path, part: "key", sentence: `unknown key "${nameOf(path)}"; ${advice()}` };
}

const missing = (path: Path, message: string): Mistake => ({
  path,
  part: "key",
  sentence: `"${nameOf(path)}" is missing: ${message}`,
});

/** `registry[1].auth.type` */
export function nameOf(path: Path): string {
  return (
    path.reduce<string>((name, part) => {
      if (typeof part === "number") return `${name}[${part}]`;
      return name === "" ? part : `${name}.${part}`;
    }, "") || "the configuration"
  );
}

export function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return value[Number(part)];
    return isMapping(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }, data);
}

/** The value as a message may show it: short, and nothing that could be a credential. */
function shown(value: unknown, path: Path): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (isMapping(value)) return "a mapping";
  if ((path.includes("auth") || path.includes("credentials")) && path.at(-1) !== "password_file")
    return `${typeof value === "string" ? "text" : `a ${typeof value}`} (not shown)`;
  if (typeof value !== "string") return String(value);
  const address = path[0] === "registry" || path.includes("servers");
  const safe = address ? value.replace(/^([a-z]+:\/\/)?.*@/is, "$1***@") : value;
  return JSON.stringify(safe.length > SHOWN_MAX ? `${safe.slice(0, SHOWN_MAX)}…` : safe);
}

const step = (part: PropertyKey): string | number =>
  typeof part === "number" ? part : String(part);
