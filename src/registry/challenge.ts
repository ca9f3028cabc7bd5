// The WWW-Authenticate field by RFC 9110, 11.6.1: several challenges in one line or in several, parameters that are tokens or
// quoted strings with commas and escapes in them. Never throws: what cannot be read is skipped up to the next comma.

export type Challenge = {
  /** Lower case: `bearer`, `basic`, … */
  readonly scheme: string;
  /** By lower-case name; the first of a repeated name. */
  readonly parameters: ReadonlyMap<string, string>;
};

const blank = /[ \t]*/y;
const separator = /[ \t,]*/y;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\[\s\S])*)"/y;
/** More than a token: some registries forget the quotes around a URL. */
const bare = /[^\s,"]+/y;
const junk = /[^,]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Takes what the sticky pattern matches here: its group if it has one. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[1] ?? match[0];
  }
}

/** Reads the values of all WWW-Authenticate lines, in order. */
export const parseChallenges = (lines: readonly string[]): Challenge[] => lines.flatMap(parseLine);

function parseLine(line: string): Challenge[] {
  const reader = new Reader(line);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (;;) {
    reader.take(separator);
    if (reader.ended) return challenges;
    const word = reader.take(token)?.toLowerCase();
    const open = challenges.at(-1);
    if (word === undefined) {
      reader.take(junk);
    } else if (reader.take(equals) === undefined) {
      challenges.push({ scheme: word, parameters: new Map() });
      reader.take(blank);
      reader.take(token68);
    } else {
      const value = parseValue(reader);
      if (value === undefined) reader.take(junk);
      else if (open !== undefined && !open.parameters.has(word)) open.parameters.set(word, value);
    }
  }
}

function parseValue(reader: Reader): string | undefined {
  const text = reader.take(quoted);
  if (text !== undefined) return text.replace(/\\([\s\S])/g, "$1");
  return reader.take(bare);
}

/** How a 401 is answered: by a token of the announced service, or by Basic. */
export type ChosenChallenge =
  | {
      readonly scheme: "bearer";
      readonly realm: string;
      readonly service: string | undefined;
      /** Scopes that the registry asks for, separated by spaces. */
      readonly scope: string | undefined;
    }
  | { readonly scheme: "basic" };

/** The challenge that is answered: Bearer with a realm before Basic; `undefined` if there is neither. */
export function chooseChallenge(challenges: readonly Challenge[]): ChosenChallenge | undefined {
  for (const { scheme, parameters } of challenges) {
    const realm = parameters.get("realm") ?? "";
    if (scheme !== "bearer" || realm === "") continue;
    return {
      scheme: "bearer",
      realm,
      service: parameters.get("service"),
      scope: parameters.get("scope"),
    };
  }
  return challenges.some(({ scheme }) => scheme === "basic") ? { scheme: "basic" } : undefined;
}
