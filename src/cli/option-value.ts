import { UsageError } from "../core/errors.ts";
import type { Option } from "./command.ts";
import { hint } from "./suggestion.ts";

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const TRUTH: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

/**
 * Turns what was typed into the option's value. `label` is the flag or the variable as the user spelt it;
 * text that does not fit is a UsageError that says what the option wants.
 */
export function optionValue(
  text: string,
  { option, label }: { option: Option; label: string },
): string | number | boolean {
  switch (option.type) {
    case "boolean":
      return truth(text, label);
    case "number":
      return number(text, { option, label });
    case "string":
      return word(text, { option, label });
    case "section":
      throw new UsageError(`${label} is a mapping: write it into a file of flags`);
    default:
      return option.type satisfies never;
  }
}

/** The same of several; what is wrong with any of them is told at once. */
export function optionValues<Text>(
  texts: readonly Text[],
  read: (text: Text) => string | number | boolean,
): (string | number | boolean)[] {
  const mistakes: string[] = [];
  const values = texts.flatMap((text) => {
    try {
      return [read(text)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push(...error.lines);
      return [];
    }
  });
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return values;
}

function truth(text: string, label: string): boolean {
  const key = text.toLowerCase();
  const known = Object.hasOwn(TRUTH, key) ? TRUTH[key] : undefined;
  if (known === undefined) throw new UsageError(`${label} wants true or false and got "${text}"`);
  return known;
}

function word(text: string, { option, label }: { option: Option; label: string }): string {
  const { choices, empty, check } = option;
  if (text === "" && empty !== true) throw new UsageError(`${label} needs a value`);
  if (choices !== undefined && !choices.includes(text))
    throw new UsageError(`${label} cannot be "${text}"${hint(text, choices)}`);
  check?.(text, label);
  return text;
}

function number(text: string, { option, label }: { option: Option; label: string }): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer } = option;
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  const fits = Number.isFinite(value) && value >= min && value <= max;
  if (!fits || (integer === true && !Number.isSafeInteger(value)))
    throw new UsageError(`${label} wants ${wanted(option)} and got "${text}"`);
  return value;
}

function wanted({ min, max, integer }: Option): string {
  const kind = integer === true ? "a whole number" : "a number";
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  if (min !== undefined) return `${kind} of at least ${min}`;
  return max === undefined ? kind : `${kind} of at most ${max}`;
}
