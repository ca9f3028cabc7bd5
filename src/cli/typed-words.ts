import { redactedArguments } from "./config/redacted-arguments.ts";

let words: readonly string[] = [];

/** Said once, by the command line. A program that uses the library has arguments, too, and they are nobody's business. */
export function rememberWords(argv: readonly string[]): void {
  words = argv;
}

/** What was typed, for run.json: without secrets, and empty if nothing was. */
export const typedWords = (): string[] => redactedArguments(words);

const PLAIN = /^[\w@%+=:,./-]+$/;

/** A command as it can be typed again: quoted where a shell would read something else. */
export const commandText = (typed: readonly string[]): string =>
  [
    "drayage",
    ...typed.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)),
  ].join(" ");
