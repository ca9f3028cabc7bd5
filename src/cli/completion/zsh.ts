import { type Flag, type Place, type VerbWords, wordTree } from "./shell-words.ts";

export function zshCompletion(verbs: readonly VerbWords[], version: string): string {
  const tree = [...wordTree(verbs)];
  return `#compdef drayage
# zsh completion of drayage ${version}, made by: drayage completion zsh
_drayage() {
  local curcontext="$curcontext" verb
  local -a commands
  if [[ "$words[2]" == help ]] && (( CURRENT > 2 )); then
    words=("$words[1]" "\${(@)words[3,-1]}")
    (( CURRENT-- ))
  fi
  if (( CURRENT == 2 )); then
    if [[ "$PREFIX" == -* ]]; then
      compadd -- --help --version
      return
    fi
    commands=(
      'help:explain a command'
${tree.map(([first, group]) => `      ${described(first, groupSummary(group))}`).join("\n")}
    )
    _describe -t commands 'drayage command' commands
    return
  fi
  verb="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$verb" in
${tree
  .filter(([, [verb]]) => verb?.name.length === 2)
  .map(secondWords)
  .join("\n")}
  esac
  case "$verb" in
${verbs.map(argumentsOf).join("\n")}
  esac
}
if [ "$funcstack[1]" = "_drayage" ]; then
  _drayage "$@"
else
  compdef _drayage drayage
fi
`;
}

const groupSummary = (group: readonly VerbWords[]): string =>
  group.length === 1 ? (group[0]?.summary ?? "") : group.map(({ name }) => name[1]).join(", ");

/** In single quotes nothing is special but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const described = (word: string, summary: string): string =>
  quoted(`${word.replaceAll(":", "\\:")}:${summary}`);

const secondWords = ([first, group]: [string, readonly VerbWords[]]): string =>
  [
    `    ${first})`,
    "      if (( CURRENT == 2 )); then",
    "        commands=(",
    ...group.map(({ name, summary }) => `          ${described(name[1] ?? "", summary)}`),
    "        )",
    `        _describe -t commands 'drayage ${first} command' commands`,
    "        return",
    "      fi",
    `      verb="$verb $words[2]"`,
    "      shift words",
    "      (( CURRENT-- )) ;;",
  ].join("\n");

const argumentsOf = ({ name, flags, positionals, more }: VerbWords): string =>
  [
    `    ${quoted(name.join(" "))})`,
    "      _arguments \\",
    ...[
      ...flags.map(flagSpec),
      ...positionals.map((place, at) => {
        const further = more && at === positionals.length - 1;
        return quoted(`${further ? "*" : at + 1}:argument:${action(place)}`);
      }),
    ].map((spec, at, all) => `        ${spec}${at === all.length - 1 ? " ;;" : " \\"}`),
  ].join("\n");

/** `'*--set=[help]:value:'`; a flag with a letter is two spellings that exclude each other unless it repeats. */
function flagSpec({ name, letter, help, value, repeats }: Flag): string {
  const about = `[${help.replaceAll(/[[\]\\:]/g, "\\$&")}]`;
  const taken = value === undefined ? "" : `:value:${action(value)}`;
  const long = `--${name}${value === undefined ? "" : "="}`;
  const star = repeats ? "*" : "";
  if (letter === undefined) return quoted(`${star}${long}${about}${taken}`);
  const excluded = repeats ? "*" : `(-${letter} --${name})`;
  const short = `-${letter}${value === undefined ? "" : "+"}`;
  return `${quoted(excluded)}{${short},${long}}${quoted(`${about}${taken}`)}`;
}

function action(place: Place): string {
  switch (place.kind) {
    case "words":
      return `(${place.words.join(" ")})`;
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "unknown":
      return " ";
    default:
      return place satisfies never;
  }
}
