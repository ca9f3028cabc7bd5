import { writeFileSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { firstFiles, firstText } from "./files/first-files.ts";

const options = {
  output: {
    type: "string",
    alias: "o",
    value: "FILE",
    help: "where to write it: config.yaml and so on if absent, - is standard output",
  },
  force: { type: "boolean", default: false, help: "replace a file that is there" },
} as const;

const KINDS = Object.keys(firstFiles);

/** A configuration to begin with. */
export const init: Command<typeof options> = {
  name: "init",
  summary: "write a commented configuration to begin with",
  examples: [
    { type: "drayage init", does: "config.yaml for a replay: warm-up and run" },
    { type: "drayage init record", does: "record.yaml for a recorder in front of a registry" },
    { type: "drayage init pull -o -", does: "print one for a pull test" },
  ],
  positionals: ["[KIND]"],
  words: { KIND: KINDS },
  options,
  async run({ output, force }, [kind = "run"], { out, err }) {
    const first = firstFiles[kind];
    // The parser has compared it with the same list.
    if (first === undefined) throw new UsageError(`KIND is one of ${KINDS.join(", ")}`);
    if (output === "-") {
      out.write(firstText(first, first.file));
      return ExitCode.done;
    }
    const file = output ?? first.file;
    write(file, firstText(first, file), force);
    err.write(`${file} is there. Next: edit it, then drayage validate -i ${file}\n`);
    return ExitCode.done;
  },
};

function write(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new UsageError(`${file} is there already: add --force to replace it, or -o FILE`, {
        cause: error,
      });
    throw new DrayageError("storage", `cannot write ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
