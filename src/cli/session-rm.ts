import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { hostFlags, withHost } from "./session/host-options.ts";

const options = { ...hostFlags } as const;

export const sessionRemove: Command<typeof options> = {
  name: "session rm",
  summary: "end a playback session",
  examples: [{ type: "drayage session rm ID", does: "its streams end, its place is free" }],
  positionals: ["ID"],
  options,
  async run(given, [id = ""], { out }) {
    await withHost(given, (api) => api.remove(id));
    if (given.json) out.write(`${JSON.stringify({ removed: id })}\n`);
    return ExitCode.done;
  },
};
