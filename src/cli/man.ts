import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { manPage } from "./man-page.ts";
import type { Verb } from "./verb.ts";
import { version } from "./version.ts";

export const manOf = (verbs: readonly Verb[]): Command<Record<string, never>> => ({
  name: "man",
  summary: "print the manual page: every command, flag and exit code",
  examples: [
    { type: "drayage man | man -l -", does: "read it" },
    { type: "drayage man > /usr/local/share/man/man1/drayage.1", does: "install it" },
  ],
  options: {},
  async run(_options, _positionals, { out }) {
    out.write(manPage(await Promise.all(verbs.map(({ load }) => load())), version));
    return ExitCode.done;
  },
});
