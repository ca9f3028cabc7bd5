import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { hostFlags, signedValues, withHost } from "./session/host-options.ts";

const options = { ...hostFlags } as const;

export const sessionSet: Command<typeof options> = {
  name: "session set",
  summary: "write a control of a playback session: start, end, pos, speed, state",
  examples: [
    { type: "drayage session set ID state play", does: "play" },
    { type: "drayage session set ID speed unlimited", does: "as fast as it is read and taken" },
    { type: "drayage session set ID pos -1", does: "one batch back" },
    { type: "drayage session set ID pos pos+30s", does: "30 seconds on" },
  ],
  positionals: ["ID", "CONTROL", "VALUE"],
  options,
  normalize: signedValues,
  async run(given, [id = "", control = "", value = ""], { out }) {
    const shown = await withHost(given, (api) => api.write(id, { control, value }));
    out.write(given.json ? `${JSON.stringify({ value: shown })}\n` : `${shown}\n`);
    return ExitCode.done;
  },
};
