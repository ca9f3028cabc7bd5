import { UsageError } from "../../core/errors.ts";
import { YamlFile } from "../config/yaml-file.ts";
import { hint } from "../suggestion.ts";
import { type PullGiven, pullOptions } from "./pull-options.ts";

type Value = string | boolean | readonly string[] | undefined;

/** Flags that were given, by flag or environment; those of `--config` for the others. Throws UsageError. */
export function pullValues(given: PullGiven): PullGiven {
  if (given.config === undefined) return given;
  const { data, name } = YamlFile.read(given.config);
  if (data === null) return given;
  if (typeof data !== "object" || Array.isArray(data))
    throw new UsageError(`${name}: write flags without dashes and their values, one a line`);
  const mistakes: string[] = [];
  const values: Record<string, Value> = { ...given };
  for (const [key, value] of Object.entries(data)) {
    const mistake = take(values, key, value);
    if (mistake !== undefined) mistakes.push(`${name}: ${mistake}`);
  }
  if (mistakes.length > 0) throw new UsageError(mistakes);
  // Every value has passed the check of its option's type.
  return values as PullGiven;
}

/** The value, unless the flag was given; returns what is wrong with it. */
function take(values: Record<string, Value>, key: string, value: unknown): string | undefined {
  if (!Object.hasOwn(pullOptions, key) || key === "config")
    return `unknown key "${key}"${hint(key, Object.keys(pullOptions))}`;
  const option = pullOptions[key as keyof typeof pullOptions];
  const present = values[key];
  const isGiven = Array.isArray(present) ? present.length > 0 : present !== undefined;
  const read = readValue(value, option);
  if (read === undefined)
    return `"${key}" wants ${option.type === "boolean" ? "true or false" : "a text or a number"}`;
  if ("choices" in option && !(option.choices as readonly string[]).includes(String(read)))
    return `"${key}" cannot be "${String(read)}"${hint(String(read), option.choices)}`;
  if (!isGiven) values[key] = read;
  return undefined;
}

function readValue(
  value: unknown,
  option: { readonly type: string; readonly array?: boolean },
): string | boolean | readonly string[] | undefined {
  if (option.type === "boolean") return typeof value === "boolean" ? value : undefined;
  const isText = (item: unknown): boolean => typeof item === "string" || typeof item === "number";
  if (option.array === true) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.every(isText) ? items.map(String) : undefined;
  }
  return isText(value) ? String(value) : undefined;
}
