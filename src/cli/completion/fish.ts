import { type Flag, type Place, type VerbWords, wordTree } from "./shell-words.ts";

export function fishCompletion(verbs: readonly VerbWords[], version: string): string {
  const tree = [...wordTree(verbs)];
  return `# fish completion of drayage ${version}, made by: drayage completion fish
function __drayage_at --description 'whether exactly these words have been typed'
    set -l typed (commandline -opc)
    test (count $typed) -eq (math (count $argv) + 1); and __drayage_in $argv
end
function __drayage_in --description 'whether these words are the command'
    set -l typed (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $typed) -ge $last; and test "$typed[2..$last]" = "$argv"
end
complete -c drayage -e
complete -c drayage -f
complete -c drayage -n __drayage_first -l help -d 'explain drayage'
complete -c drayage -n __drayage_first -l version -d 'version of drayage'
function __drayage_first --description 'whether no command has been typed yet'
    test (count (commandline -opc)) -eq 1
end
${tree.map(([first, group]) => firstWord(first, group)).join("\n")}
${verbs.flatMap(linesOf).join("\n")}
`;
}

const quoted = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const firstWord = (first: string, group: readonly VerbWords[]): string => {
  const summary =
    group.length === 1 ? (group[0]?.summary ?? "") : group.map(({ name }) => name[1]).join(", ");
  return `complete -c drayage -n __drayage_first -a ${first} -d ${quoted(summary)}`;
};

function linesOf(verb: VerbWords): string[] {
  const [first = "", second] = verb.name;
  const inside = quoted(`__drayage_in ${verb.name.join(" ")}`);
  return [
    ...(second === undefined
      ? []
      : [
          `complete -c drayage -n ${quoted(`__drayage_at ${first}`)} -a ${second} -d ${quoted(verb.summary)}`,
        ]),
    ...verb.flags.map((flag) => `complete -c drayage -n ${inside} ${flagSpec(flag)}`),
    ...[...new Set(verb.positionals.map(offer))]
      .filter((offered) => offered !== "")
      .map((offered) => `complete -c drayage -n ${inside} ${offered}`),
  ];
}

const flagSpec = ({ name, letter, help, value }: Flag): string =>
  [
    ...(letter === undefined ? [] : [`-s ${letter}`]),
    `-l ${name}`,
    ...(value === undefined ? [] : [valueSpec(value)]),
    `-d ${quoted(help)}`,
  ].join(" ");

/** -x: a value and no file; -r -F: a value, which is a file. */
const valueSpec = (place: Place): string =>
  place.kind === "unknown" ? "-x" : place.kind === "file" ? "-r -F" : `-x ${offer(place)}`;

function offer(place: Place): string {
  switch (place.kind) {
    case "words":
      return `-a ${quoted(place.words.join(" "))}`;
    case "file":
      return "-F";
    case "folder":
      return "-a '(__fish_complete_directories)'";
    case "unknown":
      return "";
    default:
      return place satisfies never;
  }
}
