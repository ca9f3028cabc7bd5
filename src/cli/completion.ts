import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { bashCompletion } from "./completion/bash.ts";
import { fishCompletion } from "./completion/fish.ts";
import { type VerbWords, verbWords } from "./completion/shell-words.ts";
import { zshCompletion } from "./completion/zsh.ts";
import type { Verb } from "./verb.ts";
import { version } from "./version.ts";

const shells: Readonly<Record<string, (verbs: readonly VerbWords[], version: string) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Everything that the table of options says, as a script that needs no program while one types. */
export const completionOf = (verbs: readonly Verb[]): Command<Record<string, never>> => ({
  name: "completion",
  summary: "print what a shell needs to complete commands, flags and values: bash, zsh, fish",
  examples: [
    {
      type: "drayage completion bash > ~/.local/share/bash-completion/completions/drayage",
      does: "for bash, from the next shell on",
    },
    { type: "drayage completion zsh > ~/.zfunc/_drayage", does: "for zsh, with ~/.zfunc in fpath" },
    { type: "drayage completion fish > ~/.config/fish/completions/drayage.fish", does: "for fish" },
  ],
  positionals: ["SHELL"],
  words: { SHELL: Object.keys(shells) },
  options: {},
  async run(_, [shell = ""], { out }) {
    const commands = await Promise.all(verbs.map(({ load }) => load()));
    out.write(shells[shell]?.(commands.map(verbWords), version) ?? "");
    return ExitCode.done;
  },
});
