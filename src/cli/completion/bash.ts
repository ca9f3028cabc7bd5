// Completion for bash from 3.2 on, which is what macOS has: no associative arrays, no mapfile.
import { type Flag, type Place, type VerbWords, wordTree } from "./shell-words.ts";

export function bashCompletion(verbs: readonly VerbWords[], version: string): string {
  const tree = wordTree(verbs);
  const groups = [...tree].filter(([, [verb]]) => verb?.name.length === 2);
  return `# bash completion of drayage ${version}, made by: drayage completion bash
_drayage_words() {
  local IFS=$' \\n'
  COMPREPLY=( $(compgen -W "$1" -- "$cur") )
}
_drayage_names() {
  local IFS=$'\\n'
  COMPREPLY=( $(compgen "$1" -- "$cur") )
  compopt -o filenames 2>/dev/null
}
_drayage() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" flag="" verb="\${COMP_WORDS[1]}" from=2 at=0 index word
  COMPREPLY=()
  if [ "$COMP_CWORD" -le 1 ]; then
    _drayage_words ${quoted([...tree.keys(), "help", "--help", "--version"])}
    return
  fi
  case "$verb" in
${groups.map(([first, group]) => secondWords(first, group)).join("\n")}
    help) _drayage_words ${quoted([...tree.keys()])}; return ;;
  esac
  # --flag=value comes as three words where = breaks words, and as one where it does not.
  index=$((COMP_CWORD - 1))
  if [ "$cur" = "=" ]; then cur=""; flag="\${COMP_WORDS[index]}"
  elif [ "\${COMP_WORDS[index]}" = "=" ]; then flag="\${COMP_WORDS[index - 1]}"
  else flag="\${COMP_WORDS[index]}"; fi
  case "$verb $flag" in
${verbs.flatMap(valueCases).join("\n")}
  esac
  case "$cur" in
    -*)
      case "$verb" in
${verbs.map(flagCase).join("\n")}
      esac
      return ;;
  esac
  # Which positional argument this is: words that are neither flags nor their values.
  index=$from
  while [ "$index" -lt "$COMP_CWORD" ]; do
    word="\${COMP_WORDS[index]}"
    case "$verb $word" in
${verbs.flatMap(skippedCase).join("\n")}
      *" -"*) ;;
      *" =") ;;
      *) at=$((at + 1)) ;;
    esac
    [ "\${COMP_WORDS[index + 1]:-}" = "=" ] && index=$((index + 2))
    index=$((index + 1))
  done
  case "$verb $at" in
${verbs.flatMap(positionalCases).join("\n")}
  esac
}
complete -F _drayage drayage
`;
}

const quoted = (words: readonly string[]): string => `'${words.join(" ")}'`;

const verbOf = ({ name }: VerbWords): string => name.join(" ");

const secondWords = (first: string, group: readonly VerbWords[]): string =>
  [
    `    ${first})`,
    `      if [ "$COMP_CWORD" -eq 2 ]; then _drayage_words ${quoted([...group.map(({ name }) => name[1] ?? ""), "--help"])}; return; fi`,
    `      verb="$verb \${COMP_WORDS[2]}" from=3 ;;`,
  ].join("\n");

const spellings = ({ name, letter }: Flag): string[] => [
  `--${name}`,
  ...(letter === undefined ? [] : [`-${letter}`]),
];

const patterns = (verb: VerbWords, flag: Flag): string =>
  spellings(flag)
    .map((spelling) => `"${verbOf(verb)} ${spelling}"`)
    .join("|");

const valueCases = (verb: VerbWords): string[] =>
  verb.flags.flatMap((flag) =>
    flag.value === undefined
      ? []
      : [`    ${patterns(verb, flag)}) ${offer(flag.value)}; return ;;`],
  );

function offer(place: Place): string {
  switch (place.kind) {
    case "words":
      return `_drayage_words ${quoted(place.words)}`;
    case "file":
      return "_drayage_names -f";
    case "folder":
      return "_drayage_names -d";
    case "unknown":
      return ":";
    default:
      return place satisfies never;
  }
}

const flagCase = (verb: VerbWords): string =>
  `        "${verbOf(verb)}") _drayage_words ${quoted(verb.flags.flatMap(spellings))} ;;`;

/** Flags whose value is the next word, which is skipped with them. */
function skippedCase(verb: VerbWords): string[] {
  const valued = verb.flags.filter(({ value }) => value !== undefined);
  if (valued.length === 0) return [];
  const flags = valued.map((flag) => patterns(verb, flag)).join("|");
  return [`      ${flags}) [ "\${COMP_WORDS[index + 1]:-}" = "=" ] || index=$((index + 1)) ;;`];
}

const positionalCases = (verb: VerbWords): string[] =>
  verb.positionals.map((place, at) => {
    const further = verb.more && at === verb.positionals.length - 1;
    return `    "${verbOf(verb)} "${further ? "*" : at}) ${offer(place)} ;;`;
  });
