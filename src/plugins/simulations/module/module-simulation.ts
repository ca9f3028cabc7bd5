import { pathToFileURL } from "node:url";
import { DrayageError, UsageError } from "../../../core/errors.ts";
import { type RequestCursor, requestOf } from "../simulation.ts";
import { RequestStream } from "./request-stream.ts";

type PluginArguments = Readonly<Record<string, unknown>> | undefined;

/** What a module has for us, with one argument or two as the configuration has arguments or not. */
export type ModulePlugin = {
  /** It takes requests one by one, so an interrupt can end them; a list is all or nothing. */
  readonly streams: boolean;
  readonly run: (requests: RequestCursor) => unknown;
};

/**
 * Loads a plug-in written in JavaScript or TypeScript. Rejects with whatever the module throws while it is loaded, and with
 * a UsageError if it exports neither `simulate` nor `init`. Source: trace-replay.md 6.1.
 */
export async function loadModule(path: string, args: PluginArguments): Promise<ModulePlugin> {
  const exported: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
  const simulate = functionOf(exported, "simulate");
  const given = args === undefined ? [] : [args];
  if (simulate !== undefined)
    return {
      streams: true,
      run: (requests) => simulate(new RequestStream(requests), ...given),
    };
  const init = functionOf(exported, "init");
  if (init !== undefined)
    return { streams: false, run: (requests) => init(listOf(requests), ...given) };
  throw new UsageError(
    `${path} exports neither init nor simulate: export function init(requests, args) or async function simulate(stream, args)`,
  );
}

type PluginFunction = (...args: readonly unknown[]) => unknown;

/** Named, or on the default export, which `module.exports` of CommonJS is. */
function functionOf(
  exported: Readonly<Record<string, unknown>>,
  name: string,
): PluginFunction | undefined {
  const { default: other } = exported;
  const owner = isObject(other) && typeof exported[name] !== "function" ? other : exported;
  const found = owner[name];
  return typeof found === "function" ? (...args) => found.call(owner, ...args) : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  (typeof value === "object" || typeof value === "function") && value !== null;

function listOf(requests: RequestCursor): unknown[] {
  const list: unknown[] = [];
  while (requests.next()) list.push(requestOf(requests));
  if (requests.interrupted) throw new DrayageError("interrupted", "interrupted");
  return list;
}
