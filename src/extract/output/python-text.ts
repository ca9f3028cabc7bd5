import type { Properties } from "./table-layout.ts";

/** The text that Python prints for a flat dictionary: `{'memory_mb': 512, 'rack': None}`. */
export function pythonDictionary(properties: Properties): string {
  const pairs = Object.entries(properties).map(
    ([key, value]) => `${pythonString(key)}: ${pythonValue(value)}`,
  );
  return `{${pairs.join(", ")}}`;
}

function pythonValue(value: string | number | null): string {
  if (value === null) return "None";
  return typeof value === "number" ? String(value) : pythonString(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
// Python escapes what it holds for unprintable: controls, separators other than the blank, formats, surrogates, and what
// has no character yet.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** In single quotes, unless there are single quotes and no double ones inside. */
export function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let inside = "";
  for (const character of text) inside += escaped(character, quote);
  return `${quote}${inside}${quote}`;
}

function escaped(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  if (!UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) as number;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
