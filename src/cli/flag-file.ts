// A YAML file with the values of flags, names without dashes: `drayage pull --config FILE`, `drayage load --config FILE`.
// It stands between the environment and the defaults.
import { invariant, UsageError } from "../core/errors.ts";
import type { Command, Option, OptionTable, SectionReader } from "./command.ts";
import { FileMistakes } from "./config/file-mistakes.ts";
import { type Mistake, refused } from "./config/mistake.ts";
import { isMapping } from "./config/values.ts";
import { YamlFile } from "./config/yaml-file.ts";
import {
  type FlagValues,
  flagFileOption,
  positionalKey,
  type ReadFlagFile,
} from "./flag-file-option.ts";
import { optionValue, optionValues } from "./option-value.ts";
import { hint } from "./suggestion.ts";

type Value = string | number | boolean;
type Table = Pick<Command<OptionTable>, "options" | "positionals">;
/** What reads the sections of a file, by their keys. */
type Sections = ReadonlyMap<string, SectionReader<unknown>>;

/** Everything that a file may say, as options. */
export function fileKeys({ options, positionals = [] }: Table): Readonly<Record<string, Option>> {
  const own = flagFileOption(options);
  return Object.fromEntries([
    ...positionals.map((positional): [string, Option] => [
      positionalKey(positional),
      { type: "string", help: `what stands as ${positional} on the command line` },
    ]),
    ...Object.entries(options).filter(([name]) => name !== own),
  ]);
}

/** Reads and checks the values. Throws FileMistakes. */
export function readFlagFile(file: YamlFile, command: Table, sections: Sections): FlagValues {
  const data = file.data ?? {};
  if (!isMapping(data))
    throw new FileMistakes(file.name, [
      { line: 1, column: 1, sentence: "write flags without dashes and their values, one a line" },
    ]);
  const known = fileKeys(command);
  const mistakes: Mistake[] = [];
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(data)) {
    // A key whose value is left out says nothing.
    if (value === null || key.startsWith("x-")) continue;
    const read = readKey(known, { key, value, section: sections.get(key) });
    if ("value" in read) values.set(key, read.value);
    else mistakes.push(...read);
  }
  if (mistakes.length > 0) throw refused(file, mistakes);
  return values;
}

type Read = { readonly value: unknown } | readonly Mistake[];

function readKey(
  known: Readonly<Record<string, Option>>,
  {
    key,
    value,
    section,
  }: { key: string; value: unknown; section: SectionReader<unknown> | undefined },
): Read {
  const option = Object.hasOwn(known, key) ? known[key] : undefined;
  if (option === undefined) {
    const sentence = `unknown key "${key}"${hint(key, Object.keys(known))}`;
    return [{ path: [key], part: "key", sentence }];
  }
  if (option.type === "section") {
    invariant(section !== undefined, `what reads ${key} is loaded before the file is read`);
    return section.read(key, value);
  }
  try {
    return { value: readValue(key, value, option) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.lines.map((sentence) => ({ path: [key], sentence }));
  }
}

function readValue(key: string, value: unknown, option: Option): Value | readonly Value[] {
  if (option.array !== true) return optionValue(textOf(key, value, option), { option, label: key });
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return optionValues(items, (item) =>
    optionValue(textOf(key, item, option), { option, label: key }),
  );
}

/** As it would be typed. */
function textOf(key: string, value: unknown, { type, array }: Option): string {
  if (type === "boolean" ? typeof value === "boolean" : isPlain(value)) return String(value);
  const wanted = type === "boolean" ? "true or false" : "a text or a number";
  throw new UsageError(`${key} wants ${wanted}${array === true ? ", or a list of them" : ""}`);
}

const isPlain = (value: unknown): boolean => typeof value === "string" || typeof value === "number";

/** Loads what reads the sections that the file has. */
export async function sectionsOf({ data }: YamlFile, { options }: Table): Promise<Sections> {
  const written = isMapping(data) ? data : {};
  const found = Object.entries(options).map(async ([key, { section }]) =>
    section === undefined || !Object.hasOwn(written, key) || written[key] === null
      ? []
      : [[key, await section.load()] as const],
  );
  return new Map((await Promise.all(found)).flat());
}

/** Reads the file that the flag names. What is wrong with it is thrown when its values are asked for, beside other mistakes. */
export async function flagFile(path: string, command: Table): Promise<ReadFlagFile> {
  try {
    const file = YamlFile.read(path);
    const sections = await sectionsOf(file, command);
    return () => readFlagFile(file, command, sections);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
