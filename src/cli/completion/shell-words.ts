// What a shell can complete, read off the table of options.
import type { Command, Option, OptionTable } from "../command.ts";
import { bareName } from "../positionals.ts";
import { typedOptions } from "../typed-options.ts";

/** What may stand in a place: the name of a file or a folder, one of some words, or something that no shell knows. */
export type Place =
  | { readonly kind: "file" | "folder" | "unknown" }
  | { readonly kind: "words"; readonly words: readonly string[] };

export type Flag = {
  readonly name: string;
  readonly letter: string | undefined;
  readonly help: string;
  /** Undefined for a switch. */
  readonly value: Place | undefined;
  readonly repeats: boolean;
};

export type VerbWords = {
  /** One word, or two. */
  readonly name: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** The last stands for all further ones if `more`. */
  readonly positionals: readonly Place[];
  readonly more: boolean;
};

const common: readonly Flag[] = [
  { name: "help", letter: "h", help: "explain the command", value: undefined, repeats: false },
  {
    name: "version",
    letter: undefined,
    help: "version of drayage",
    value: undefined,
    repeats: false,
  },
];

export const verbWords = ({
  name,
  summary,
  options,
  positionals = [],
  words = {},
}: Command<OptionTable>): VerbWords => ({
  name: name.split(" "),
  summary,
  flags: [
    ...Object.entries(typedOptions(options)).map(([flag, option]) => ({
      name: flag,
      letter: option.alias,
      help: option.help,
      value: option.type === "boolean" ? undefined : valuePlace(option),
      repeats: option.array === true,
    })),
    ...common,
  ],
  positionals: positionals.map((positional) => {
    const bare = bareName(positional);
    const known = words[bare];
    return known === undefined ? namedPlace(bare) : { kind: "words", words: known };
  }),
  more: positionals.at(-1)?.includes("...") ?? false,
});

const valuePlace = ({ choices, value = "" }: Option): Place =>
  choices === undefined ? namedPlace(value) : { kind: "words", words: choices };

const folders = /^(?:DIR|A|B)$/;
const files = /^(?:FILE|PATH|INPUT|OUTPUT|TRACE|MANIFEST|INSTANCE_TRACE)$/;

function namedPlace(name: string): Place {
  if (folders.test(name)) return { kind: "folder" };
  return { kind: files.test(name) ? "file" : "unknown" };
}

/** First words, and the second words of those that need one. */
export function wordTree(verbs: readonly VerbWords[]): ReadonlyMap<string, readonly VerbWords[]> {
  const tree = new Map<string, VerbWords[]>();
  for (const verb of verbs) {
    const [first = ""] = verb.name;
    tree.set(first, [...(tree.get(first) ?? []), verb]);
  }
  return tree;
}
