import type { OptionTable } from "../command.ts";

const ATTACHED = /^-([A-Za-z])([^=].*)$/s;

/**
 * Values behind their letter without a blank, `-uroot`, as the original's command lines and the database's own client have
 * them, become `-u=root`. Read as the name of a flag that nobody knows, a password would be printed.
 */
export function attachedValues(options: OptionTable, args: readonly string[]): readonly string[] {
  const letters = new Set(
    Object.values(options).flatMap(({ type, alias }) =>
      alias === undefined || type === "boolean" ? [] : [alias],
    ),
  );
  const end = args.indexOf("--");
  return args.map((arg, at) => {
    const [, letter = "", value = ""] = ATTACHED.exec(arg) ?? [];
    const isBehindEnd = end >= 0 && at > end;
    if (!letters.has(letter) || isBehindEnd || namesOption(options, arg)) return arg;
    return `-${letter}=${value}`;
  });
}

/** `-hashed-masking-salt`: a long name with one dash, which is accepted too. */
const namesOption = (options: OptionTable, arg: string): boolean =>
  Object.hasOwn(options, arg.slice(1).replace(/=.*$/s, ""));
