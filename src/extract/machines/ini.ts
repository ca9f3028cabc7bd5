// Configuration in the format of Python's configparser.
import { UsageError } from "../../core/errors.ts";

/** Values by section, which keeps its case, and key, in lower case. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

const SECTION = /^\[([^\]]+)\]/;
const PAIR = /^([^=:]+?)\s*[=:]\s*(.*)$/;

/**
 * Sections in brackets; `key = value` or `key: value`; whole lines of comment behind # or ;; a line further in continues
 * the value before it. `%%` is a percent sign; `%(name)s` is refused. `path` is named in the UsageError.
 */
export function parseIni(text: string, path: string): Ini {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  let indent = 0;
  for (const { line, depth, number } of linesOf(text)) {
    if (key !== undefined && section !== undefined && depth > indent) {
      section.set(key, `${section.get(key)}\n${line}`.trim());
      continue;
    }
    indent = depth;
    const head = SECTION.exec(line)?.[1];
    if (head === undefined) {
      key = addPair(section, line, `${path}, line ${number}`);
      continue;
    }
    section = sections.get(head) ?? new Map();
    sections.set(head, section);
    key = undefined;
  }
  for (const [name, values] of sections)
    for (const [each, value] of values)
      values.set(each, interpolated(value, `${path}: ${name}.${each}`));
  return sections;
}

/** Lines that say something, with how far in they begin. */
function linesOf(text: string): { line: string; depth: number; number: number }[] {
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((raw, index) => ({ line: raw.trim(), depth: raw.search(/\S/), number: index + 1 }))
    .filter(({ line }) => line !== "" && !/^[#;]/.test(line));
}

function addPair(section: Map<string, string> | undefined, line: string, where: string): string {
  const [, name, value] = PAIR.exec(line) ?? [];
  if (name === undefined)
    throw new UsageError(`${where}: "${line}" is neither [section] nor key = value`);
  if (section === undefined)
    throw new UsageError(`${where}: "${name}" stands before the first [section]`);
  const key = name.toLowerCase();
  section.set(key, value ?? "");
  return key;
}

function interpolated(value: string, where: string): string {
  if (/%\(/.test(value.replaceAll("%%", "")))
    throw new UsageError(
      `${where}: %(...)s is not supported; write the value itself, and %% for %`,
    );
  return value.replaceAll("%%", "%");
}
