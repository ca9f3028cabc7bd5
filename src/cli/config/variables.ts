import type { Mistake } from "./mistake.ts";
import { isMapping, type Mapping } from "./values.ts";
import type { Path } from "./yaml-file.ts";

const VARIABLE = /\$\{([^}]*)\}/g;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Fills `${NAME}` in the strings below `registry` from the environment. What is not set there is a mistake at its place. */
export function withVariables(
  data: unknown,
  env: NodeJS.ProcessEnv,
): { readonly data: unknown; readonly mistakes: readonly Mistake[] } {
  if (!isMapping(data) || data.registry === undefined) return { data, mistakes: [] };
  const mistakes: Mistake[] = [];
  const fill = (text: string, path: Path): string =>
    text.replace(VARIABLE, (written, name: string) => {
      const value = VARIABLE_NAME.test(name) ? env[name] : undefined;
      if (value === undefined)
        mistakes.push({ path, sentence: `${written} is not set in the environment` });
      return value ?? written;
    });
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return fill(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (!isMapping(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, walk(inner, [...path, key])]),
    );
  };
  const filled: Mapping = { ...data, registry: walk(data.registry, ["registry"]) };
  return { data: filled, mistakes };
}
