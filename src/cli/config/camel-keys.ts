// The configuration file says `client_info.max_in_flight`, the program `clientInfo.maxInFlight`. This is the only place
// where one becomes the other.
import type { Secret } from "../../registry/secret.ts";

type Primitive = string | number | boolean | bigint | symbol | null | undefined;

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** `T` with its keys in camel case, read-only all the way down. */
export type CamelKeys<T> = T extends Primitive | Secret
  ? T
  : T extends readonly (infer Element)[]
    ? readonly CamelKeys<Element>[]
    : { readonly [Key in keyof T as Key extends string ? CamelCase<Key> : Key]: CamelKeys<T[Key]> };

/** Renames the keys of plain objects, through lists too; anything with a class of its own stays as it is. */
export function camelKeys<T>(value: T): CamelKeys<T> {
  return renamed(value) as CamelKeys<T>;
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [camelCase(key), renamed(inner)]),
  );
}

const camelCase = (key: string): string =>
  key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
