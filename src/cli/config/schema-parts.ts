// What the values of a configuration key can be. Every part carries the words that say so: they become the sentence
// "expected <words>, found <what stands there>", and no other message of the schema library reaches the user.
import * as z from "zod";

export type Mode = "warmup" | "run" | "simulate";
/** The modes that talk to registries. */
export const pushing: readonly Mode[] = ["warmup", "run"];
const everyMode: readonly Mode[] = ["warmup", "run", "simulate"];

const expects = (words: string): { error: () => string } => ({ error: () => `expected ${words}` });

/** Adds the sentence of the documentation, and the modes that look at the key. */
export function key<S extends z.ZodType>(
  schema: S,
  description: string,
  modes: readonly Mode[] = everyMode,
): S {
  return schema.meta({ description, modes });
}

/** A mapping whose keys are all known. Absent or empty, it consists of its defaults. */
export const section = <S extends z.ZodRawShape>(
  shape: S,
): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> => mapping(shape).prefault({} as never);

export const mapping = <S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> =>
  z.strictObject(shape, {
    error: ({ code }) => (code === "invalid_type" ? "expected a mapping" : undefined),
  });

const truthWords = {
  yes: true,
  Yes: true,
  YES: true,
  on: true,
  On: true,
  ON: true,
  no: false,
  No: false,
  NO: false,
  off: false,
  Off: false,
  OFF: false,
} as const;
type TruthWord = keyof typeof truthWords;

/** YAML 1.2 knows true and false only; older files also say yes, no, on and off. */
export const truth = (preset: boolean) =>
  z
    .union([z.boolean(), z.enum(Object.keys(truthWords) as TruthWord[])], expects("true or false"))
    .default(preset)
    .transform((said): boolean => (typeof said === "boolean" ? said : truthWords[said]));

export const text = (words: string) => z.string(expects(words)).min(1, expects(words));

export const path = (words = "the path of a file") => text(words);

export const oneOf = <const T extends string>(...words: T[]) =>
  z.enum(words, expects(`one of ${words.join(", ")}`));

export function whole({ min, max }: { min: number; max?: number }) {
  const words =
    max === undefined
      ? `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`;
  return z
    .int(expects(words))
    .min(min, expects(words))
    .max(max ?? Number.MAX_SAFE_INTEGER, expects(words));
}

export function atLeast(min: number) {
  const words = `a number of at least ${min}`;
  return z.number(expects(words)).min(min, expects(words));
}

/** More than 0 and at most `max`. */
export function positive({ max }: { max?: number } = {}) {
  const words = max === undefined ? "a number above 0" : `a number above 0 and at most ${max}`;
  const above = z.number(expects(words)).gt(0, expects(words));
  return max === undefined ? above : above.lte(max, expects(words));
}

export function share() {
  const words = "a number from 0 to 1";
  return z.number(expects(words)).min(0, expects(words)).max(1, expects(words));
}

export const either = <const T extends readonly z.core.SomeType[]>(words: string, schemas: T) =>
  z.union(schemas, expects(words));

export const listOf = <T extends z.ZodType>(words: string, element: T) =>
  z.array(element, expects(words)).min(1, expects(words));

export const word = <const T extends string>(literal: T) => z.literal(literal);
