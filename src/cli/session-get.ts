import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { hostFlags, withHost } from "./session/host-options.ts";

const options = { ...hostFlags } as const;

export const sessionGet: Command<typeof options> = {
  name: "session get",
  summary: "show a playback session, or one of its controls",
  examples: [
    { type: "drayage session get ID", does: "controls, filter and figures of the session" },
    { type: "drayage session get ID pos", does: "where it is" },
  ],
  positionals: ["ID", "[CONTROL]"],
  options,
  async run(given, [id = "", control], { out }) {
    if (control !== undefined) {
      const value = await withHost(given, (api) => api.read(id, control));
      out.write(given.json ? `${JSON.stringify({ value })}\n` : `${value}\n`);
      return ExitCode.done;
    }
    const session = await withHost(given, (api) => api.describe(id));
    if (given.json) out.write(`${JSON.stringify(session)}\n`);
    else {
      const { controls, filter, streams, client, stats } = session;
      const facts = { ...controls, filter: filter.join(" "), streams, client, ...flat(stats) };
      for (const [name, value] of Object.entries(facts)) out.write(`${name}: ${value ?? "-"}\n`);
    }
    return ExitCode.done;
  },
};

/** `{lateness_us: {p99: 1}}` as `lateness_us.p99`. */
const flat = (stats: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(stats).flatMap(([name, value]) =>
      typeof value === "object" && value !== null
        ? Object.entries(value).map(([inner, figure]) => [`${name}.${inner}`, figure])
        : [[name, value]],
    ),
  );
