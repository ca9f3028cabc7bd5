import type * as z from "zod";
import type { Program } from "../program.ts";
import { type CamelKeys, camelKeys } from "./camel-keys.ts";
import { type FileMistake, FileMistakes } from "./file-mistakes.ts";
import { KeyTree } from "./key-tree.ts";
import { type Mistake, mistakesOf, nameOf, valueAt } from "./mistake.ts";
import { type Override, readOverrides, withOverrides } from "./overrides.ts";
import { replaySchema } from "./replay-schema.ts";
import type { Mode } from "./schema-parts.ts";
import { isMapping, withoutPrivateKeys } from "./values.ts";
import { withVariables } from "./variables.ts";
import { type Path, YamlFile } from "./yaml-file.ts";

type Sections = CamelKeys<z.output<ReturnType<typeof replaySchema>>>;

/**
 * The configuration of a replay, checked, with all defaults filled in: sections and keys as in trace-replay.md 3.2, in
 * camel case. Times carry their unit in the type. Paths are as written, relative to the working directory.
 */
export type ReplayConfig = Omit<Sections, "simulate"> & {
  readonly simulate: {
    readonly name: string | undefined;
    readonly args: Readonly<Record<string, unknown>> | undefined;
  };
};

/** What the mode requires is there. */
export type ConfigOf<M extends Mode> = M extends "simulate"
  ? ReplayConfig & { readonly simulate: { readonly name: string } }
  : ReplayConfig & { readonly warmup: { readonly output: string } };

export type ConfigRequest<M extends Mode> = {
  /** The file, as the user named it. */
  readonly path: string;
  readonly mode: M;
  /** `key.path=value`, in the order given: later ones win. */
  readonly overrides?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** May bring the configuration itself, in place of the file. */
  readonly program?: Pick<Program, "config"> | undefined;
  /** Number of workers of `--local`, which takes the place of client_info.client_list. */
  readonly local?: number | undefined;
};

/** Reads the file; throws FileMistakes, a UsageError with one line per mistake. */
export const loadReplayConfig = <M extends Mode>(request: ConfigRequest<M>): ConfigOf<M> =>
  replayConfigOf(YamlFile.given(request.path, request.program?.config), request);

/** The same of a file that was read. */
export function replayConfigOf<M extends Mode>(
  file: YamlFile,
  request: Omit<ConfigRequest<M>, "path">,
): ConfigOf<M> {
  const overrides = readOverrides(request.overrides ?? []);
  const { schema, keys } = tableOf(request.mode);
  const written = withoutEmptySections(
    withoutPrivateKeys(withOverrides(file.data, overrides)) ?? {},
    { keys, path: [] },
  );
  const { data, mistakes: unset } = withVariables(written, request.env);
  const result = schema.safeParse(data);
  const mistakes = [
    ...unset,
    ...mistakesOf(result.error?.issues ?? [], { data: written, keys }).filter(
      ({ path }) => !unset.some((other) => isWithin(path, other.path)),
    ),
    ...missingKeys(written, request),
  ];
  if (mistakes.length > 0 || !result.success)
    throw new FileMistakes(file.name, placed(mistakes, { file, overrides }));
  const { simulate, ...sections } = result.data;
  // The plug-in's arguments keep their own spelling.
  const config: ReplayConfig = {
    ...camelKeys(sections),
    simulate: { name: simulate.name, args: simulate.args },
  };
  // `missingKeys` has seen to it that what the mode requires is there.
  return config as ConfigOf<M>;
}

type Table = { readonly schema: ReturnType<typeof replaySchema>; readonly keys: KeyTree };

/** Building one takes longer than checking a configuration with it, and a process may load several. */
const tables = new Map<Mode, Table>();

function tableOf(mode: Mode): Table {
  const known = tables.get(mode);
  if (known !== undefined) return known;
  const schema = replaySchema(mode);
  const table = { schema, keys: new KeyTree(schema) };
  tables.set(mode, table);
  return table;
}

/** For run.json: plain data, credentials redacted, certificates named by their file. */
export function resolvedConfig(config: ReplayConfig): unknown {
  const text = JSON.stringify(config, (key, value: unknown) => (key === "pem" ? undefined : value));
  return JSON.parse(text);
}

type Required = { readonly path: Path; readonly what: string };

const registry: Required = {
  path: ["registry"],
  what: "a list of registries, such as [localhost:5000]",
};
const map: Required = {
  path: ["warmup", "output"],
  what: "the file of the map, such as interm.json",
};
const workers: Required = {
  path: ["client_info", "client_list"],
  what: "a list of workers, such as [local]; or type --local 1",
};
const plugin: Required = { path: ["simulate", "name"], what: "the plug-in, such as builtin:cache" };

const requiredKeys: Readonly<Record<Mode, readonly Required[]>> = {
  warmup: [registry, map],
  run: [registry, map, workers],
  simulate: [plugin],
};

function missingKeys(
  data: unknown,
  { mode, local }: Pick<ConfigRequest<Mode>, "mode" | "local">,
): Mistake[] {
  if (!isMapping(data)) return [];
  return requiredKeys[mode]
    .filter(({ path }) => valueAt(data, path) === undefined)
    .filter((key) => key !== workers || (local === undefined && !hasServers(data)))
    .map(({ path, what }) => ({
      path,
      part: "key",
      sentence: `"${nameOf(path)}" is missing and ${mode} needs it: ${what}`,
    }));
}

/** Nodes announce themselves: nobody has to list them. */
const hasServers = (data: unknown): boolean => valueAt(data, ["cluster", "nats"]) !== undefined;

/** A section whose keys are all commented out is null in YAML, and means its defaults. */
function withoutEmptySections(
  value: unknown,
  { keys, path }: { keys: KeyTree; path: Path },
): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => withoutEmptySections(item, { keys, path: [...path, index] }));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => inner !== null || !keys.isSection([...path, key]))
      .map(([key, inner]) => [key, withoutEmptySections(inner, { keys, path: [...path, key] })]),
  );
}

/** Each mistake with its place, or with the `--set` that it came by. */
function placed(
  mistakes: readonly Mistake[],
  { file, overrides }: { file: YamlFile; overrides: readonly Override[] },
): FileMistake[] {
  return mistakes.map(({ path, part = "value", sentence }) => {
    const override = overrides.findLast((candidate) => setBy(candidate, { path, file }));
    if (override !== undefined)
      return { line: null, column: null, sentence: `${override.label}: ${sentence}` };
    const { line, column } = file.locate(path, part);
    return { line, column, sentence };
  });
}

/** Whether an override brought what stands at `path`, or a mapping there that the file does not have. */
function setBy(override: Override, { path, file }: { path: Path; file: YamlFile }): boolean {
  if (isWithin(path, override.path)) return true;
  return isWithin(override.path, path) && file.locate(path, "key").found < path.length;
}

const isWithin = (path: Path, outer: Path): boolean =>
  outer.every((part, depth) => String(path[depth]) === String(part));
