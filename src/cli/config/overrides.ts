// `--set client_info.speed=2`: a value at a path, over what the file says.
import { UsageError } from "../../core/errors.ts";
import { isMapping, type Mapping } from "./values.ts";
import { type Path, yamlValue } from "./yaml-file.ts";

export type Override = { readonly path: Path; readonly value: unknown; readonly label: string };

/** Takes `key.path=value` apart. All that cannot be understood are reported at once. */
export function readOverrides(texts: readonly string[]): readonly Override[] {
  const mistakes: string[] = [];
  const overrides = texts.flatMap((text) => {
    const [, keys, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (keys === undefined || value === undefined || keys.split(".").includes("")) {
      mistakes.push(
        `--set ${keys ?? text}: write --set KEY.PATH=VALUE, such as client_info.speed=2`,
      );
      return [];
    }
    const label = `--set ${keys}`;
    try {
      return [{ path: keys.split("."), value: yamlValue(value, label), label }];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push(...error.lines);
      return [];
    }
  });
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return overrides;
}

/** `data` with the overrides in place; `data` itself is left as it is. A step into something that has no inside is a UsageError. */
export function withOverrides(data: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((result, override) => withOverride(result, override, 0), data);
}

function withOverride(data: unknown, override: Override, depth: number): unknown {
  const step = override.path[depth];
  if (step === undefined) return override.value;
  const deeper = (inner: unknown): unknown => withOverride(inner, override, depth + 1);
  // The first item of a list that is not there yet: no mapping has a key 0.
  const list = (data === null || data === undefined) && step === "0" ? [] : data;
  if (Array.isArray(list)) return withItem(list, { index: indexIn(list, step, override), deeper });
  if (data !== null && data !== undefined && !isMapping(data))
    throw new UsageError(
      `${override.label}: "${override.path.slice(0, depth).join(".")}" is a single value, it has no "${step}"`,
    );
  const mapping: Mapping = data ?? {};
  const inner = Object.hasOwn(mapping, step) ? mapping[step] : undefined;
  // Entries and not an assignment: a key may be called __proto__.
  return Object.fromEntries([...Object.entries(mapping), [String(step), deeper(inner)]]);
}

function withItem(
  list: readonly unknown[],
  { index, deeper }: { index: number; deeper: (inner: unknown) => unknown },
): unknown[] {
  const copy = [...list];
  copy[index] = deeper(list[index]);
  return copy;
}

/** An index of the list, or the one behind its end, which appends. */
function indexIn(list: readonly unknown[], step: string | number, { label }: Override): number {
  const index = /^\d+$/.test(String(step)) ? Number(step) : Number.NaN;
  if (index <= list.length) return index;
  throw new UsageError(`${label}: "${step}" is no index of a list of ${list.length}: count from 0`);
}
