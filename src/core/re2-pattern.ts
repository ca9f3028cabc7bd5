// RE2 expressions, as other drivers and caches take them, for JavaScript's RegExp. What RE2 and JavaScript read differently
// is rewritten or refused, so that no expression silently means something else. Not in hot code: once per expression.
// Source: pull-driver.md 2.3, Go's regexp/syntax.
import { messageOf, UsageError } from "./errors.ts";
import { Re2Problem, Re2Scanner } from "./re2-scanner.ts";
import { literal } from "./re2-set.ts";

/** An expression that can be searched for, unanchored. `regexp` keeps no state between searches. */
export type Re2Pattern = {
  /** As it was typed. */
  readonly text: string;
  /** What a server that evaluates RE2 is sent: the text, or `.*` for a lone `*`. */
  readonly sent: string;
  readonly regexp: RegExp;
  /** Constructs that RE2 itself would refuse, e.g. `lookahead (?=`: work here, do not at a server. */
  readonly foreign: readonly string[];
};

/** Translates; `what` names the value in the UsageError, e.g. `--patterns`. */
export function re2Pattern(text: string, what: string): Re2Pattern {
  // Documented by the original driver as "everything", although its own code refuses it.
  if (text === "*") return { text, sent: ".*", regexp: /(?:)/u, foreign: [] };
  try {
    const { source, flags, foreign } = new Translation(text).run();
    return { text, sent: text, regexp: new RegExp(source, flags), foreign };
  } catch (error) {
    throw new UsageError(`${what}: the expression "${text}" ${complaintOf(error)}`);
  }
}

function complaintOf(error: unknown): string {
  if (error instanceof Re2Problem) return error.message;
  if (error instanceof SyntaxError) {
    const why = messageOf(error).replace(/^Invalid regular expression: .*: /s, "");
    return `is not a regular expression (${why})`;
  }
  throw error;
}

type Flags = { readonly i: boolean; readonly m: boolean; readonly s: boolean };

/** A parenthesis that is open. `isSplit`: flags changed within it, so `(?i:` is open besides and is closed with it. */
type Group = { flags: Flags; isSplit: boolean };

const REPEATS_MAX = 1000;
const NOTHING_BEFORE = "(?<![^])";
const NOTHING_AFTER = "(?![^])";

// What follows "(" and its name in messages. All of them are JavaScript's too; RE2 has none.
const foreignGroups: Readonly<Record<string, string>> = {
  "(?=": "lookahead",
  "(?!": "lookahead",
  "(?<=": "lookbehind",
  "(?<!": "lookbehind",
};

class Translation {
  readonly #scanner: Re2Scanner;
  readonly #foreign = new Set<string>();
  readonly #outer: Group[] = [];
  #group: Group = { flags: { i: false, m: false, s: false }, isSplit: false };
  #globalFlags = "u";
  #source = "";
  /** Where the last atom begins in `#source`; negative when there is nothing to repeat. */
  #atomAt = -1;

  constructor(text: string) {
    this.#scanner = new Re2Scanner(text);
  }

  run(): { readonly source: string; readonly flags: string; readonly foreign: readonly string[] } {
    this.#leadingFlags();
    while (!this.#scanner.isDone) this.#piece();
    if (this.#outer.length > 0) throw new Re2Problem("has a ( without its )");
    const source = this.#source + (this.#group.isSplit ? ")" : "");
    return { source, flags: this.#globalFlags, foreign: [...this.#foreign] };
  }

  #leadingFlags(): void {
    let match = this.#scanner.take(flagsOnly);
    while (match !== undefined) {
      this.#group.flags = changedFlags(this.#group.flags, match);
      match = this.#scanner.take(flagsOnly);
    }
    if (this.#group.flags.i) this.#globalFlags = "iu";
  }

  #piece(): void {
    const next = this.#scanner.text[this.#scanner.at] as string;
    if (next === "(") this.#open();
    else if (next === ")") this.#close();
    else if (next === "|") this.#alternative();
    else if (next === "[") this.#atom(this.#scanner.takeClass());
    else if (next === "\\") this.#escape();
    else if ("*+?{".includes(next)) this.#repetition();
    else this.#atom(this.#plain(this.#scanner.takeCodePoint()));
  }

  #atom(text: string): void {
    this.#atomAt = this.#source.length;
    this.#source += text;
  }

  // Lines end with \n only; JavaScript's own . ^ $ know three more ends.
  #plain(codePoint: number): string {
    const { m, s } = this.#group.flags;
    if (codePoint === 0x2e) return s ? "[^]" : "[^\\n]";
    if (codePoint === 0x5e) return m ? "(?:(?<![^\\n]))" : "(?:^)";
    if (codePoint === 0x24) return m ? "(?:(?![^\\n]))" : "(?:$)";
    return literal(codePoint);
  }

  #open(): void {
    const scanner = this.#scanner;
    const flagged = scanner.take(flagsOnly);
    if (flagged === undefined) this.#openGroup();
    else this.#switchFlags(changedFlags(this.#group.flags, flagged));
  }

  #openGroup(): void {
    const isOpen = this.#openScoped() || this.#openNamed() || this.#openForeign();
    if (!isOpen) this.#openPlain();
  }

  #openScoped(): boolean {
    const match = this.#scanner.take(/\(\?([imsU]*)(?:-([imsU]+))?:/y);
    if (match === undefined) return false;
    const flags = changedFlags(this.#group.flags, match);
    this.#push(modifier(this.#group.flags, flags), flags);
    return true;
  }

  #openNamed(): boolean {
    const name = this.#scanner.take(/\(\?P?<([A-Za-z0-9_]+)>/y)?.[1];
    if (name !== undefined) this.#push(namedOpening(name));
    return name !== undefined;
  }

  #openForeign(): boolean {
    const opening = this.#scanner.take(/\(\?<?[=!]/y)?.[0];
    if (opening === undefined) return false;
    this.#foreign.add(`${foreignGroups[opening]} ${opening}`);
    this.#push(opening);
    return true;
  }

  #openPlain(): void {
    const unknown = this.#scanner.take(/\(\?.?/suy)?.[0];
    if (unknown !== undefined) throw new Re2Problem(`has ${unknown}, which RE2 does not know`);
    this.#scanner.at++;
    this.#push("(");
  }

  #push(opening: string, flags = this.#group.flags): void {
    // The place where the group begins travels in the stack as its atom, for a repetition behind the closing one.
    this.#starts.push(this.#source.length);
    this.#outer.push(this.#group);
    this.#group = { flags, isSplit: false };
    this.#source += opening;
    this.#atomAt = -1;
  }

  readonly #starts: number[] = [];

  #close(): void {
    this.#scanner.at++;
    const outer = this.#outer.pop();
    if (outer === undefined) throw new Re2Problem("has a ) without its (");
    this.#source += this.#group.isSplit ? "))" : ")";
    this.#group = outer;
    this.#atomAt = this.#starts.pop() as number;
  }

  // Flags hold until the group ends, across its alternatives: a(?i)b|c becomes a(?i:b)|(?i:c).
  #switchFlags(flags: Flags): void {
    const { isSplit, flags: before } = this.#group;
    this.#group.flags = flags;
    this.#atomAt = -1;
    if (flags.i === before.i) return;
    this.#source += `${isSplit ? ")" : ""}${flags.i ? "(?i:" : "(?-i:"}`;
    this.#group.isSplit = true;
  }

  #alternative(): void {
    this.#scanner.at++;
    const { isSplit, flags } = this.#group;
    this.#source += isSplit ? `)|${flags.i ? "(?i:" : "(?-i:"}` : "|";
    this.#atomAt = -1;
  }

  #escape(): void {
    if (this.#scanner.startsWith("\\C")) {
      throw new Re2Problem("has \\C, a single byte: there is no such thing here");
    }
    const isDone = this.#quotation() || this.#place() || this.#backReference();
    if (!isDone) this.#atom(this.#characters());
  }

  #place(): boolean {
    const letter = this.#scanner.take(/\\([AzbB])/y)?.[1];
    if (letter !== undefined) this.#atom(`(?:${places[letter]})`);
    return letter !== undefined;
  }

  #backReference(): boolean {
    const text = this.#scanner.take(/\\(?:[1-9](?![0-7])|k<\w+>)/y)?.[0];
    if (text === undefined) return false;
    this.#foreign.add(`back reference ${text}`);
    this.#atom(`(?:${text})`);
    return true;
  }

  // Character by character: what is repeated behind the quotation is its last one.
  #quotation(): boolean {
    const text = this.#scanner.take(/\\Q(.*?)(?:\\E|$)/suy)?.[1];
    for (const character of text ?? "") this.#atom(literal(character.codePointAt(0) as number));
    return text !== undefined;
  }

  #characters(): string {
    const set = this.#scanner.takeSetEscape();
    return set === undefined ? literal(this.#scanner.takeCharacterEscape()) : `[${set}]`;
  }

  #repetition(): void {
    const scanner = this.#scanner;
    const rest = scanner.take(/\{,\d+\}/y)?.[0];
    if (rest !== undefined) throw new Re2Problem(`has ${rest}: write {0${rest.slice(1)}`);
    const match = scanner.take(/(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??/y);
    // Braces that hold no numbers are themselves.
    if (match === undefined) this.#atom(literal(scanner.takeCodePoint()));
    else this.#repeat(match);
  }

  #repeat([text, least, most]: RegExpExecArray): void {
    if (Number(least) > REPEATS_MAX || Number(most) > REPEATS_MAX) {
      throw new Re2Problem(`has ${text}: RE2 repeats up to ${REPEATS_MAX} times`);
    }
    const more = this.#scanner.take(/[*+?]|\{\d+(?:,\d*)?\}/y)?.[0];
    if (more !== undefined) throw new Re2Problem(`has ${text}${more}, a repetition repeated`);
    if (this.#atomAt < 0) throw new Re2Problem(`has ${text} with nothing before it to repeat`);
    // RE2's relatives repeat a lookaround, JavaScript only a group that holds one.
    const atom = this.#source.slice(this.#atomAt);
    const group = /^\(\?<?[=!]/.test(atom) ? `(?:${atom})` : atom;
    this.#source = `${this.#source.slice(0, this.#atomAt)}${group}${text}`;
    this.#atomAt = -1;
  }
}

const flagsOnly = /\(\?(?=[imsU-])([imsU]*)(?:-([imsU]+))?\)/y;
const places: Readonly<Record<string, string>> = {
  A: NOTHING_BEFORE,
  z: NOTHING_AFTER,
  b: "\\b",
  B: "\\B",
};

function changedFlags(before: Flags, [text, on = "", off = ""]: RegExpExecArray): Flags {
  if (`${on}${off}`.includes("U")) {
    throw new Re2Problem(`has ${text}: greedy and lazy cannot be swapped here, write *? for *`);
  }
  const flag = (name: keyof Flags): boolean =>
    on.includes(name) || (before[name] && !off.includes(name));
  return { i: flag("i"), m: flag("m"), s: flag("s") };
}

function modifier(before: Flags, after: Flags): string {
  if (before.i === after.i) return "(?:";
  return after.i ? "(?i:" : "(?-i:";
}

// RE2 lets a name begin with a digit. Nothing here asks for names, only their groups count.
const namedOpening = (name: string): string => (/^\d/.test(name) ? "(" : `(?<${name}>`);
