// Plain values of a configuration, before they are checked.

export type Mapping = { readonly [key: string]: unknown };

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Without the keys that begin with `x-`, which are the user's own. `simulate.args` is the plug-in's and kept whole. */
export function withoutPrivateKeys(value: unknown, path: readonly string[] = []): unknown {
  if (path.join(".") === "simulate.args") return value;
  if (Array.isArray(value)) return value.map((item) => withoutPrivateKeys(item, [...path, "*"]));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("x-"))
      .map(([key, inner]) => [key, withoutPrivateKeys(inner, [...path, key])]),
  );
}
