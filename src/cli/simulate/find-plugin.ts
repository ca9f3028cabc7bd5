import { statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { counterparts, shipped, shippedNames } from "../../plugins/simulations/catalogue.ts";
import { hint } from "../suggestion.ts";
import type { Plugin } from "./messages.ts";

const BUILTIN = "builtin:";
const SUFFIXES = [".py", ".mjs", ".js", ".cjs", ".ts"];

export type PluginRequest = {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>> | undefined;
  /** The configuration file: names are relative to its folder, then to the working directory. */
  readonly configPath: string;
  readonly env: NodeJS.ProcessEnv;
  /** Standard output is for our JSON only. */
  readonly json: boolean;
};

/**
 * What `simulate.name` means. `say` gets a notice where a shipped simulation stands in for a file of the original that is
 * not there. Throws UsageError, also for arguments that a shipped simulation cannot follow. Source: trace-replay.md 6.1.
 */
export function findPlugin(request: PluginRequest, say: (line: string) => void): Plugin {
  const { name, args } = request;
  if (name.startsWith(BUILTIN)) {
    const wanted = name.slice(BUILTIN.length);
    const known = shippedNames.find((shippedName) => shippedName === wanted);
    if (known === undefined)
      throw new UsageError(
        `simulate.name: there is no simulation "${name}"${hint(wanted, shippedNames)}`,
      );
    return checked({ kind: "shipped", name: known, args, counterpart: false });
  }
  const path = fileOf(request);
  if (path !== undefined) return pluginOf(path, request);
  const standIn = counterparts.get(name);
  if (standIn === undefined)
    throw new UsageError(
      `simulate.name: no plug-in "${name}" in ${foldersOf(request).join(" or ")}, nor with ${SUFFIXES.join(", ")} behind it; shipped ones are ${shippedNames.map((known) => BUILTIN + known).join(", ")}`,
    );
  say(`${name} is not there: ${BUILTIN}${standIn} runs in its place, in compatible mode`);
  return checked({ kind: "shipped", name: standIn, args, counterpart: true });
}

/** Arguments are refused here, before a trace is read for them. */
function checked(plugin: Plugin & { kind: "shipped" }): Plugin {
  shipped(plugin);
  return plugin;
}

const foldersOf = ({ configPath }: PluginRequest): string[] => [
  ...new Set([resolve(dirname(configPath)), resolve(".")]),
];

function fileOf(request: PluginRequest): string | undefined {
  const candidates = foldersOf(request).flatMap((folder) =>
    ["", ...SUFFIXES].map((suffix) => resolve(folder, `${request.name}${suffix}`)),
  );
  const files = candidates.filter(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  );
  // A file of that very name which is no plug-in must not hide the plug-in beside it.
  return files.find((path) => SUFFIXES.includes(extname(path))) ?? files[0];
}

function pluginOf(path: string, { args, env, json }: PluginRequest): Plugin {
  const suffix = extname(path);
  if (!SUFFIXES.includes(suffix))
    throw new UsageError(
      `simulate.name: ${path} must end in ${SUFFIXES.join(", ")}, which says in what language it is`,
    );
  if (suffix !== ".py") return { kind: "module", path, args };
  const named = env.DRAYAGE_PYTHON ?? "";
  return {
    kind: "python",
    path,
    args,
    interpreter: named === "" ? "python3" : named,
    outputFd: json ? 2 : 1,
  };
}
