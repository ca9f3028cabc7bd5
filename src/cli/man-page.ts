// The manual page in the language of man(7), made from the table of commands and options.
import { ExitCode } from "../core/exit-code.ts";
import type { Command, Option, OptionTable } from "./command.ts";
import { flagText, valueName } from "./help.ts";
import { typedOptions } from "./typed-options.ts";

const meanings: Readonly<Record<keyof typeof ExitCode, string>> = {
  done: "done, all thresholds passed",
  internal: "a mistake of drayage, or a file that could not be written",
  usage: "wrong usage, configuration or input; nothing was sent",
  regression: "a comparison found what --fail-on forbids",
  unreachable: "a server could not be reached, or refused the credentials, before the start",
  invalidRun: "the figures of the run cannot be trusted, unless --allow-invalid",
  aborted: "a limit ended the run early",
  nodeLost: "a machine of the run was lost",
  operationsFailed: "finished, but operations failed, unless --allow-failures",
  archiveDamaged: "an archive is damaged",
  thresholdsFailed: "a threshold was missed",
  interrupted: "interrupted (SIGINT); what there was is written",
  terminated: "terminated (SIGTERM); what there was is written",
};

export function manPage(commands: readonly Command<OptionTable>[], version: string): string {
  return `${[
    `.TH DRAYAGE 1 "" "drayage ${version}" "User Commands"`,
    // Long words of examples would tear lines that end alike.
    ".ad l",
    ".nh",
    ".SH NAME",
    "drayage \\- load generator, trace replayer and recorder for container registries",
    ".SH SYNOPSIS",
    ".B drayage",
    ".I COMMAND",
    "[FLAGS]",
    ".SH DESCRIPTION",
    "drayage fills a registry with what a recorded trace will ask for, sends the trace\\(aqs requests at their times, and",
    "tells how long each one took and whether these figures can be trusted. It records traffic, and plays it back.",
    ".PP",
    escaped("The shortest start: drayage demo"),
    ".SH COMMANDS",
    ...commands.flatMap(commandPart),
    ".SH EXIT STATUS",
    ...Object.entries(ExitCode).flatMap(([name, code]) => [
      ".TP",
      `.B ${code}`,
      escaped(meanings[name as keyof typeof ExitCode]),
    ]),
    ".SH ENVIRONMENT",
    escaped(
      "A flag that is not given is looked up as DRAYAGE_ and its name in capitals with _ for -, so --quiet is DRAYAGE_QUIET. After that come the file named by --config or -i, and the default.",
    ),
    ".PP",
    escaped(
      "NO_COLOR and FORCE_COLOR switch colours off and on; a true CI makes progress plain lines.",
    ),
  ].join("\n")}\n`;
}

function commandPart({
  name,
  summary,
  positionals = [],
  options,
  examples,
}: Command<OptionTable>): string[] {
  return [
    `.SS "${escaped(["drayage", name, ...positionals].join(" "))}"`,
    sentence(summary),
    ...Object.entries(typedOptions(options)).flatMap(flagPart),
    ...(examples.length === 0 ? [] : [".PP", "Examples:"]),
    ...examples.flatMap(({ type, does }) => [".TP", `.B ${escaped(type)}`, sentence(does)]),
  ];
}

const flagPart = ([name, option]: [string, Option]): string[] => {
  const letter = option.alias === undefined ? "" : `\\-${option.alias}, `;
  const value = escaped(valueName(option, ""));
  return [
    ".TP",
    `\\fB${letter}\\-\\-${escaped(name)}\\fR${value === "" ? "" : ` \\fI${value}\\fR`}`,
    sentence(flagText(option)),
  ];
};

/** An empty line would be a paragraph. */
const sentence = (text: string): string => (text === "" ? "\\&" : escaped(text));

/** A hyphen is a minus, so that commands can be copied; letters beyond ASCII go by their number; no line begins with a dot. */
const escaped = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replaceAll("'", "\\(aq")
    .replaceAll(/[^ -~]/gu, (letter) => `\\[u${codeOf(letter)}]`)
    .replace(/^\./, "\\&.");

const codeOf = (letter: string): string =>
  (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
