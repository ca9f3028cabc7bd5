import { UsageError } from "../../core/errors.ts";
import type { OptionTable, OptionValues } from "../command.ts";
import { HttpSessions } from "./http-sessions.ts";
import { NatsSessions } from "./nats-sessions.ts";
import type { SessionApi } from "./session-api.ts";

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
  nats: {
    type: "string",
    value: "URL",
    help: "reach it over a NATS server instead: nats://[USER:PASSWORD@|TOKEN@]HOST:PORT",
  },
  base: {
    type: "string",
    default: "/archive",
    value: "PATH",
    help: "with --nats: publish.base of drayage record",
  },
  json: { type: "boolean", default: false, help: "print data instead of text" },
} as const satisfies OptionTable;

type HostChoice = Pick<OptionValues<typeof hostFlags>, "url" | "token" | "nats" | "base">;

/** Asks the host that was chosen, and leaves it. */
export async function withHost<T>(
  { url, token, nats, base }: HostChoice,
  ask: (api: SessionApi) => Promise<T>,
): Promise<T> {
  if (nats === undefined) return ask(new HttpSessions(url, token));
  if (!/^\/[^*>]/.test(base))
    throw new UsageError(`--base wants a path such as /archive, not "${base}"`);
  const sessions = await NatsSessions.connect({ url: nats, base });
  try {
    return await ask(sessions);
  } finally {
    await sessions.close();
  }
}

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
