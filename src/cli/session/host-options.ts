import type { OptionTable, OptionValues } from "../command.ts";
import { SessionApi } from "./session-api.ts";

/** Which session host, for every `drayage session` command. */
export const hostFlags = {
  url: {
    type: "string",
    default: "http://127.0.0.1:7070",
    value: "URL",
    help: "the session host: publish.bind of drayage record",
  },
  token: {
    type: "string",
    value: "TOKEN",
    help: "its publish.token; better in DRAYAGE_TOKEN, which other users cannot see",
  },
  json: { type: "boolean", default: false, help: "print data instead of text" },
} as const satisfies OptionTable;

export const apiOf = ({
  url,
  token,
}: Pick<OptionValues<typeof hostFlags>, "url" | "token">): SessionApi => new SessionApi(url, token);

/** A value that begins with a sign is no flag: `drayage session set ID pos -1` means what it says. */
export function signedValues(args: readonly string[]): readonly string[] {
  const signed = (arg: string): boolean => /^-\d/.test(arg);
  if (args.includes("--") || !args.some(signed)) return args;
  // `--start -3d`: the value of the flag before it. Alone: an argument.
  const joined: string[] = [];
  const alone: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1) ?? "";
    if (!signed(arg)) joined.push(arg);
    else if (/^--[a-z-]+$/.test(before)) joined[joined.length - 1] = `${before}=${arg}`;
    else alone.push(arg);
  }
  return alone.length === 0 ? joined : [...joined, "--", ...alone];
}
