import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { type FileMistake, FileMistakes } from "./config/file-mistakes.ts";
import { YamlFile } from "./config/yaml-file.ts";
import { type FileKind, fileKinds, kindOf } from "./files/file-kinds.ts";

const kindNames = fileKinds.map(({ name }) => name);

const options = {
  config: {
    type: "string",
    alias: "i",
    required: true,
    value: "FILE",
    help: "the file to check, YAML or JSON",
  },
  as: {
    type: "string",
    choices: kindNames,
    value: "KIND",
    help: "what it is for; told from its keys if absent",
  },
  json: { type: "boolean", default: false, help: "print the findings as JSON" },
} as const;

/** Checks a file as the command that reads it would, and does nothing else. */
export const validate: Command<typeof options> = {
  name: "validate",
  summary: "check a configuration, flags or a profile: every mistake with line and column",
  examples: [
    {
      type: "drayage validate -i config.yaml",
      does: "every mistake of it, exit 2 if there is one",
    },
    {
      type: "drayage validate -i config.yaml --as warmup",
      does: "as drayage warmup would read it",
    },
    { type: "drayage validate -i record.yaml --json", does: "the same for programs" },
  ],
  options,
  async run({ config, as, json }, _, { out, err, env }) {
    const found = await findings(config, { as, env });
    const { kind, mistakes, notices } = found;
    if (json) {
      out.write(`${JSON.stringify(asJson(config, found))}\n`);
    } else if (mistakes.length > 0) {
      for (const { text } of mistakes) err.write(`${text}\n`);
    } else {
      for (const notice of notices) err.write(`${notice}\n`);
      out.write(`${config}: valid ${kind?.what}\n`);
    }
    return mistakes.length > 0 ? ExitCode.usage : ExitCode.done;
  },
};

type Findings = {
  /** Null for a file that cannot be read at all. */
  readonly kind: FileKind | null;
  readonly mistakes: readonly (FileMistake & { readonly text: string })[];
  readonly notices: readonly string[];
};

async function findings(
  path: string,
  { as, env }: { as: string | undefined; env: NodeJS.ProcessEnv },
): Promise<Findings> {
  let kind: FileKind | null = fileKinds.find(({ name }) => name === as) ?? null;
  try {
    const file = YamlFile.read(path);
    kind ??= kindOf(file);
    return { kind, mistakes: [], notices: await kind.check(file, env) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { kind, mistakes: mistakesOf(error), notices: [] };
  }
}

const mistakesOf = (error: UsageError): Findings["mistakes"] =>
  error instanceof FileMistakes
    ? error.mistakes.map((mistake, at) => ({ ...mistake, text: error.lines[at] ?? "" }))
    : error.lines.map((text) => ({ line: null, column: null, sentence: text, text }));

const asJson = (file: string, { kind, mistakes, notices }: Findings) => ({
  version: 1,
  file,
  kind: kind?.name ?? null,
  valid: mistakes.length === 0,
  mistakes: mistakes.map(({ line, column, sentence }) => ({ line, column, message: sentence })),
  notices,
});
