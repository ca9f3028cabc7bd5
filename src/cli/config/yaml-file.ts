import { readFileSync } from "node:fs";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from "yaml";
import { messageOf, UsageError } from "../../core/errors.ts";
import { type FileMistake, FileMistakes } from "./file-mistakes.ts";

const FILE_BYTES_MAX = 8 << 20;
/** After the first, mistakes of syntax are mostly consequences of it. */
const SYNTAX_PROBLEMS_SHOWN = 20;
/** Values that aliases may add up to, in multiples of what the file itself holds: the library's guard against alias bombs. */
const ALIASES_MAX = 100;
const YAML_OPTIONS = {
  version: "1.2",
  schema: "core",
  // `<<: *defaults` is not core, but without it the ignored x-* keys could not hold anything that is used.
  merge: true,
  resolveKnownTags: false,
  strict: true,
  uniqueKeys: true,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/** Keys and list indexes from the top of a document to a value. */
export type Path = readonly (string | number)[];
/** Line and column, from 1. */
export type Position = { readonly line: number; readonly column: number };

/** A configuration file: its data as plain values, and where each of them stands. */
export class YamlFile {
  readonly name: string;
  readonly data: unknown;
  readonly #document: Document | undefined;
  readonly #lines: LineCounter;

  private constructor(name: string, { document, lines }: Parsed) {
    this.name = name;
    this.#document = document;
    this.#lines = lines;
    this.data = document === undefined ? null : valuesOf(document, name);
  }

  /** Anything that is wrong with file or syntax is a UsageError with `file:line:col`, all mistakes at once. */
  static read(name: string): YamlFile {
    return YamlFile.parse(readText(name), name);
  }

  /** The file, unless a program has given its content as values. */
  static given(name: string, values: unknown): YamlFile {
    return values === undefined
      ? YamlFile.read(name)
      : YamlFile.parse(JSON.stringify(values), name);
  }

  static parse(text: string, name: string): YamlFile {
    return new YamlFile(name, parsed(text, name));
  }

  /**
   * Where the value at `path` begins, or its key. A path that the file does not contain is found as far as it goes, and
   * `found` says how many of its steps that were.
   */
  locate(path: Path, part: "key" | "value"): Position & { readonly found: number } {
    let node: Node | null = this.#document?.contents ?? null;
    let at = node?.range?.[0] ?? 0;
    let found = 0;
    for (const step of path) {
      const next = child(this.#resolve(node), { step, document: this.#document });
      if (next === undefined) break;
      found++;
      const last = found === path.length;
      node = next.value;
      at = start(last && part === "key" ? next.key : next.value) ?? start(next.key) ?? at;
    }
    const { line, col } = this.#lines.linePos(at);
    return { line: Math.max(1, line), column: Math.max(1, col), found };
  }

  #resolve(node: Node | null): Node | null {
    return isAlias(node) && this.#document !== undefined
      ? (node.resolve(this.#document) ?? null)
      : node;
  }
}

type Parsed = { readonly document: Document | undefined; readonly lines: LineCounter };

function readText(name: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new UsageError(`${name} does not exist: give the path of a YAML file`);
    throw new UsageError(`${name} cannot be read: ${messageOf(error)}`);
  }
  if (bytes.length > FILE_BYTES_MAX)
    throw new UsageError(
      `${name} is larger than ${FILE_BYTES_MAX} bytes: that is no configuration`,
    );
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is not UTF-8 text: give the path of a YAML file`);
  }
}

function parsed(text: string, name: string): Parsed {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...YAML_OPTIONS, lineCounter: lines });
  const list: readonly Document[] = Array.isArray(documents) ? documents : [];
  const at = (offset: number, sentence: string): FileMistake => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), sentence };
  };
  // A warning is a tag that this schema does not know: its value would be taken for something else.
  const problems = list.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (problems.length > 0) {
    const more = problems.length - SYNTAX_PROBLEMS_SHOWN;
    const shown = problems
      .slice(0, SYNTAX_PROBLEMS_SHOWN)
      .map(({ pos, message, code }) => at(pos[0], syntaxSentence(code, message)));
    const last = shown.at(-1);
    if (more > 0 && last !== undefined)
      shown.push({ ...last, sentence: `${more} more such mistakes from here on` });
    throw new FileMistakes(name, shown);
  }
  const [document, second] = list;
  if (second !== undefined)
    throw new FileMistakes(name, [
      at(second.range?.[0] ?? 0, "expected one document, found another one here"),
    ]);
  return { document, lines };
}

function syntaxSentence(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "this key is here for the second time: keep one";
  if (code === "TAG_RESOLVE_FAILED")
    return "tags such as !name are not allowed: write the value alone";
  return `not YAML: ${withoutQuote(message)}`;
}

/** The library quotes the text that it stumbled over, which may be a password. */
const withoutQuote = (message: string): string =>
  message.replace(/(?<=\S): .*$|(?<=escape sequence) .*$|\n.*$/s, "");

function valuesOf(document: Document, name: string): unknown {
  let values: unknown;
  try {
    values = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw asAWhole(name, `not YAML: ${withoutQuote(messageOf(error))}`);
  }
  if (containsItself(values, []))
    throw asAWhole(name, "an alias stands inside the value that it names");
  return values;
}

const asAWhole = (name: string, sentence: string): FileMistakes =>
  new FileMistakes(name, [{ line: 1, column: 1, sentence }]);

function containsItself(value: unknown, around: readonly unknown[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (around.includes(value)) return true;
  return Object.values(value).some((inner) => containsItself(inner, [...around, value]));
}

type Child = { readonly key: Node | null; readonly value: Node | null };

/** One step down, through a merged mapping if the key is not written here itself. */
function child(
  node: Node | null,
  { step, document }: { step: string | number; document: Document | undefined },
): Child | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return isNode(item) ? { key: item, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = pairOf(node, String(step));
  if (pair !== undefined) return { key: asNode(pair.key), value: asNode(pair.value) };
  const merged = asNode(pairOf(node, "<<")?.value);
  const target = isAlias(merged) && document !== undefined ? merged.resolve(document) : merged;
  return target === null || target === undefined ? undefined : child(target, { step, document });
}

const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
  map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);

const asNode = (value: unknown): Node | null => (isNode(value) ? value : null);

const start = (node: Node | null): number | undefined => node?.range?.[0];

/** A value given on the command line, read as YAML: `2`, `true`, `[a, b]`, `text`. `label` names it in the UsageError. */
export function yamlValue(text: string, label: string): unknown {
  const documents = parseAllDocuments(text, YAML_OPTIONS);
  const list: readonly Document[] = Array.isArray(documents) ? documents : [];
  const [document] = list;
  const [problem] = list.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (problem !== undefined)
    throw new UsageError(`${label}: ${syntaxSentence(problem.code, problem.message)}`);
  if (list.length > 1) throw new UsageError(`${label}: expected one value`);
  return document === undefined ? null : valuesOf(document, label);
}
