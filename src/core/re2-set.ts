// Sets of characters that RE2 knows by name, as text for the inside of a JavaScript class. JavaScript's own \s is wider
// than RE2's and has no POSIX names, so all of them are written out. Source: the syntax page of RE2, Go's regexp/syntax.

type Range = readonly [from: number, to: number];

const LAST_CODE_POINT = 0x10ffff;

const digit: readonly Range[] = [[0x30, 0x39]];
const upper: readonly Range[] = [[0x41, 0x5a]];
const lower: readonly Range[] = [[0x61, 0x7a]];
const underscore: readonly Range[] = [[0x5f, 0x5f]];
const word = [...digit, ...upper, ...underscore, ...lower];

/** Sorted, without overlap. `\s` has no vertical tab, `[:space:]` has one. */
const sets: Readonly<Record<string, readonly Range[]>> = {
  "\\d": digit,
  "\\s": [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  "\\w": word,
  alnum: [...digit, ...upper, ...lower],
  alpha: [...upper, ...lower],
  ascii: [[0x00, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0x00, 0x1f],
    [0x7f, 0x7f],
  ],
  digit,
  graph: [[0x21, 0x7e]],
  lower,
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper,
  word,
  xdigit: [...digit, [0x41, 0x46], [0x61, 0x66]],
};

/** `\d`, `\S`, …: `undefined` where the letter names no set. */
export function perlSet(letter: string): string | undefined {
  const small = letter.toLowerCase();
  return namedSet(`\\${small}`, small !== letter);
}

/** A POSIX name, `^` before it for everything else: `alpha`, `^space`. `undefined` where nothing is called so. */
export function posixSet(name: string): string | undefined {
  const isNegated = name.startsWith("^");
  const bare = isNegated ? name.slice(1) : name;
  return bare.startsWith("\\") ? undefined : namedSet(bare, isNegated);
}

function namedSet(name: string, isNegated: boolean): string | undefined {
  const ranges = Object.hasOwn(sets, name) ? sets[name] : undefined;
  if (ranges === undefined) return undefined;
  return (isNegated ? complement(ranges) : ranges).map(rangeText).join("");
}

function complement(ranges: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    if (from > next) rest.push([next, from - 1]);
    next = to + 1;
  }
  rest.push([next, LAST_CODE_POINT]);
  return rest;
}

const rangeText = ([from, to]: Range): string =>
  from === to ? literal(from) : `${literal(from)}-${literal(to)}`;

/** One character as itself, wherever it stands in an expression. */
export function literal(codePoint: number): string {
  const text = String.fromCodePoint(codePoint);
  return /^[\p{L}\p{N}_ ]$/u.test(text) ? text : `\\u{${codePoint.toString(16)}}`;
}

const categories = /^(?:Any|L[ulmot]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfos]?)$/;

/** `\p{…}` for a general category or a script, either negated by `^`; `undefined` where there is no such class. */
export function unicodeClass(name: string, isNegated: boolean): string | undefined {
  const bare = name.startsWith("^") ? name.slice(1) : name;
  const letter = isNegated === name.startsWith("^") ? "p" : "P";
  const text = `\\${letter}{${categories.test(bare) ? bare : `Script=${bare}`}}`;
  return isKnown(text) ? text : undefined;
}

function isKnown(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    return false;
  }
}
