// Regular expressions of starcompactor.config are written for Python. What means the same is kept, what has another
// spelling in JavaScript is rewritten, and what has no equivalent is refused by name.
import { UsageError } from "../../core/errors.ts";

type Rewritten = { readonly text: string; readonly length: number };

const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^\(\?\(/, "(?(...)"],
  [/^\(\?>/, "(?>"],
  [/^\(\?[aiLmsux-]+[:)]/, "flags within the expression"],
  [/^\\N/, "\\N{...}"],
  [/^[*+?}][+]/, "a possessive quantifier"],
];

/** A Python expression as a JavaScript one. `where` names the key it came from, for the UsageError. */
export function pythonRegex(pattern: string, where: string): RegExp {
  const { flags, rest } = leadingFlags(pattern, where);
  let source = "";
  for (let at = 0; at < rest.length; ) {
    const { text, length } = rewrite(rest.slice(at), where);
    source += text;
    at += length;
  }
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new UsageError(`${where}: "${pattern}" is no regular expression: ${reason(error)}`, {
      cause: error,
    });
  }
}

function leadingFlags(pattern: string, where: string): { flags: string; rest: string } {
  const [head = "", letters = ""] = /^\(\?([aiLmsux]+)\)/.exec(pattern) ?? [];
  for (const letter of letters)
    if (letter === "x" || letter === "L") throw foreign(where, `(?${letter})`);
  const flags = [...letters].filter((letter) => "ims".includes(letter));
  return { flags: [...new Set(flags)].join(""), rest: pattern.slice(head.length) };
}

/** The construct at the beginning of `rest`. */
function rewrite(rest: string, where: string): Rewritten {
  for (const [construct, name] of FOREIGN)
    if (construct.test(rest)) throw foreign(where, name === "" ? rest.slice(0, 3) : name);
  return (
    rewritten(rest, /^\(\?P<(\w+)>/, ([, name]) => `(?<${name}>`) ??
    rewritten(rest, /^\(\?P=(\w+)\)/, ([, name]) => `\\k<${name}>`) ??
    rewritten(rest, /^\(\?#[^)]*\)/, () => "") ??
    rewritten(rest, /^\\A/, () => "(?<![^])") ??
    rewritten(rest, /^\\Z/, () => "(?![^])") ??
    rewritten(rest, /^\\a/, () => "\\x07") ??
    rewritten(rest, /^\{,(\d+)\}/, ([, most]) => `{0,${most}}`) ??
    // An escape, or a class as a whole: nothing in it is rewritten. The first ] of a class stands for itself in Python.
    rewritten(rest, /^\[\^?\]?(?:\\.|[^\]\\])*\]/s, ([set]) =>
      set.replace(/^(\[\^?)\]/, "$1\\]"),
    ) ??
    rewritten(rest, /^\\./s, ([escaped]) => escaped) ?? { text: rest[0] ?? "", length: 1 }
  );
}

function rewritten(
  rest: string,
  construct: RegExp,
  replace: (found: RegExpExecArray) => string,
): Rewritten | undefined {
  const found = construct.exec(rest);
  return found === null ? undefined : { text: replace(found), length: found[0].length };
}

const foreign = (where: string, construct: string): UsageError =>
  new UsageError(`${where}: ${construct} has no equivalent in JavaScript; write it without`);

const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(
    /^Invalid regular expression: .*: /,
    "",
  );
