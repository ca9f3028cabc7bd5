// The files that people write for drayage: how each is told from the others, checked and described.
import { UsageError } from "../../core/errors.ts";
import { wantedNodes } from "../cluster/given-nodes.ts";
import type { Terminal } from "../command.ts";
import { FileMistakes } from "../config/file-mistakes.ts";
import { KeyTree } from "../config/key-tree.ts";
import { replayConfigOf } from "../config/replay-config.ts";
import { replaySchema } from "../config/replay-schema.ts";
import type { Mode } from "../config/schema-parts.ts";
import { isMapping, type Mapping } from "../config/values.ts";
import type { YamlFile } from "../config/yaml-file.ts";
import { fileKeys, readFlagFile, sectionsOf } from "../flag-file.ts";
import type { ReadFlagFile } from "../flag-file-option.ts";
import { loadSchedule } from "../load/load-schedule.ts";
import { loadTarget } from "../load/load-target.ts";
import { load } from "../load.ts";
import { parseArguments } from "../parser.ts";
import { pullSettings } from "../pull/pull-settings.ts";
import { pull } from "../pull.ts";
import { recordConfigOf } from "../record/record-config.ts";
import { recordSchema } from "../record/record-schema.ts";
import { profileOf, profileSchema } from "../synth-profile.ts";
import { flagFileSchema, type JsonSchema, tableSchema } from "./json-schema.ts";

export type FileKind = {
  readonly name: string;
  /** "configuration of drayage run". */
  readonly what: string;
  /** Keys at the top of such a file. */
  readonly keys: () => readonly string[];
  /** Throws UsageError, FileMistakes where places are known. Returns what is allowed and may surprise. */
  readonly check: (
    file: YamlFile,
    env: Terminal["env"],
  ) => readonly string[] | Promise<readonly string[]>;
  readonly schema: () => JsonSchema | Promise<JsonSchema>;
};

const replayKind = (mode: Mode): FileKind => ({
  name: mode,
  what: `configuration of drayage ${mode}`,
  keys: () => new KeyTree(replaySchema(mode)).below([]),
  check(file, env) {
    replayConfigOf(file, { mode, env });
    return [];
  },
  schema: () =>
    tableSchema(replaySchema(mode), {
      name: "config",
      title: "Configuration of drayage warmup, run and simulate",
      own: true,
    }),
});

export const fileKinds: readonly FileKind[] = [
  replayKind("run"),
  replayKind("warmup"),
  replayKind("simulate"),
  {
    name: "record",
    what: "configuration of drayage record",
    keys: () => new KeyTree(recordSchema).below([]),
    check: (file) => recordConfigOf(file).notices,
    schema: () =>
      tableSchema(recordSchema, {
        name: "record",
        title: "Configuration of drayage record",
        own: false,
      }),
  },
  {
    name: "profile",
    what: "profile of drayage trace synth",
    keys: () => new KeyTree(profileSchema).below([]),
    check(file) {
      profileOf(file);
      return [];
    },
    schema: () =>
      tableSchema(profileSchema, {
        name: "profile",
        title: "Profile of drayage trace synth",
        own: true,
      }),
  },
  {
    name: "pull",
    what: "flags of drayage pull",
    keys: () => Object.keys(fileKeys(pull)),
    async check(file) {
      const readFlags = await flagsOf(file, pull);
      return asAWhole(file, () => {
        const args = [`--config=${file.name}`];
        const { options } = parseArguments(pull, { args, env: {}, readFlags });
        if (options.demo !== true) pullSettings(options, "");
      });
    },
    schema: () => flagFileSchema(pull, { name: "pull", title: "Flags of drayage pull" }),
  },
  {
    name: "load",
    what: "flags of drayage load",
    keys: () => Object.keys(fileKeys(load)),
    async check(file) {
      const readFlags = await flagsOf(file, load);
      return asAWhole(file, () => {
        const args = [`--config=${file.name}`];
        const { options, positionals } = parseArguments(load, { args, env: {}, readFlags });
        loadSchedule(options);
        wantedNodes(options);
        loadTarget(positionals[0] ?? "", { ...options, userAgent: "drayage" });
      });
    },
    schema: () => flagFileSchema(load, { name: "load", title: "Flags of drayage load" }),
  },
];

/** Throws FileMistakes. */
async function flagsOf(
  file: YamlFile,
  command: Parameters<typeof readFlagFile>[1],
): Promise<ReadFlagFile> {
  const values = readFlagFile(file, command, await sectionsOf(file, command));
  return () => values;
}

/** What keys say together has no place of its own. */
function asAWhole(file: YamlFile, check: () => void): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const lines = error.lines.filter((line) => line !== "");
    throw new FileMistakes(
      file.name,
      lines.map((line) => ({
        line: null,
        column: null,
        sentence: `${file.name}: ${line.replace(/ \(see: .*\)$/, "").replace(/^Error: /, "")}`,
      })),
      { cause: error },
    );
  }
}

/** The kind that knows most of the file's keys; the first of several. */
export function kindOf({ data }: YamlFile): FileKind {
  const written = isMapping(data) ? Object.keys(data) : [];
  const known = ({ keys }: FileKind): number => {
    const own = keys();
    return written.filter((key) => own.includes(key)).length;
  };
  const best = fileKinds.reduce((first, kind) => (known(kind) > known(first) ? kind : first));
  if (best.name !== "run" || !isMapping(data)) return best;
  return fileKinds.find(({ name }) => name === modeOf(data)) ?? best;
}

/** A replay without registries that names a plug-in is a simulation; one without clients is a warm-up. */
function modeOf({ registry, simulate, warmup, client_info: clients }: Mapping): Mode {
  if (registry === undefined && isMapping(simulate)) return "simulate";
  return registry !== undefined && isMapping(warmup) && clients === undefined ? "warmup" : "run";
}
