const PAIR =
  /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,{}'"]+?))\s*(?:,|$)/gy;

/** A flat dictionary as Python prints it, values as texts; empty if the text is none. */
export function readPythonDictionary(text: string): Readonly<Record<string, string>> {
  const inside = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  if (inside === undefined) return {};
  const pairs: [string, string][] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < inside.length) {
    const match = PAIR.exec(inside);
    if (match === null) return {};
    pairs.push([match[1] ?? match[2] ?? "", match[3] ?? match[4] ?? match[5] ?? ""]);
  }
  return Object.fromEntries(pairs);
}
