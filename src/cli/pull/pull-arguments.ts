// The original driver's way with its command line: a value flag takes the next word whatever it looks like, a switch takes
// none, and `--patterns` is a list. Everything is rewritten to --flag=value, which the common parser cannot misread.
import { pullOptions } from "./pull-options.ts";

const TRUE = new Set(["true", "1", "yes"]);
const FALSE = new Set(["false", "0", "no"]);

export function pullArguments(args: readonly string[]): readonly string[] {
  const words: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = "", inline] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const option = Object.hasOwn(pullOptions, name)
      ? pullOptions[name as keyof typeof pullOptions]
      : undefined;
    if (option === undefined) words.push(word);
    else if (option.type === "boolean") words.push(switchWord(name, inline));
    else words.push(...valueWords(name, inline ?? rest.shift()));
  }
  return words;
}

function switchWord(name: string, inline: string | undefined): string {
  if (inline === undefined) return `--${name}`;
  const value = inline.toLowerCase();
  if (TRUE.has(value)) return `--${name}=true`;
  return FALSE.has(value) ? `--${name}=false` : `--${name}=${inline}`;
}

/** Both kinds of patterns become one list, in the order of the command line. */
function valueWords(name: string, value: string | undefined): string[] {
  if (value === undefined) return [`--${name}`];
  if (name === "patterns") return splitPatterns(value).map((pattern) => `--pattern=${pattern}`);
  return [`--${name}=${value}`];
}

/** Trimmed, without the empty ones. */
export const splitPatterns = (list: string): string[] =>
  list
    .split(",")
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== "");
