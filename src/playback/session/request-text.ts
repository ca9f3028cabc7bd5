// What adapters are sent as text, and what of it is understood alike on all of them.
import { compileGlob, matchesAny } from "../../archive/glob.ts";
import { messageOf } from "../../core/errors.ts";
import { type ControlName, controlNames } from "./control-values.ts";
import { Refusal } from "./refusal.ts";

/** Arguments and values are small; whatever is longer is none. */
export const REQUEST_BYTES_MAX = 64 * 1024;

export const tooLong = (): Refusal =>
  new Refusal("too-large", `a body may have ${REQUEST_BYTES_MAX} bytes`);

/** A JSON value; nothing counts as null. Throws a Refusal. */
export function jsonBody(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("bad", "the body is no JSON");
  }
}

/** A JSON value or plain text: `5`, `"play"` and `play` are all understood. */
export function valueBody(text: string): unknown {
  const plain = text.replace(/\r?\n$/, "");
  try {
    const value: unknown = JSON.parse(text);
    // What is too large for a number is told as it was written.
    return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? plain : value;
  } catch {
    return plain;
  }
}

/** Throws a Refusal that names the controls there are. */
export function controlNamed(text: string | undefined): ControlName {
  const name = controlNames.find((one) => one === text);
  if (name !== undefined) return name;
  throw new Refusal("missing", `no such control: there are ${controlNames.join(", ")}`);
}

/** What passes any of the globs; undefined = no globs, and all passes. Throws a Refusal. */
export function filterOf(globs: readonly string[]): { matches(path: string): boolean } | undefined {
  if (globs.length === 0) return undefined;
  try {
    const compiled = globs.map((text) => compileGlob(text));
    return { matches: (path) => matchesAny(compiled, path) };
  } catch (error) {
    throw new Refusal("bad", `could not parse filter: ${messageOf(error)}`);
  }
}
