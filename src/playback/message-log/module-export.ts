import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Something in a module of the user's. */
export type ModuleSpec = {
  /** Path, from the working directory, or file URL. */
  readonly module: string | URL;
  /** Default: the default export. */
  readonly export?: string;
  /** For a class or a function that makes the object; must survive a structured clone. */
  readonly args?: readonly unknown[];
};

/** The same with a URL, so that a thread can take it. */
export type ModuleAddress = {
  readonly url: string;
  readonly export: string;
  readonly args: readonly unknown[];
};

export const isModuleSpec = (value: unknown): value is ModuleSpec =>
  typeof value === "object" &&
  value !== null &&
  (typeof (value as { module?: unknown }).module === "string" ||
    (value as { module?: unknown }).module instanceof URL);

export function moduleAddress({
  module,
  export: name = "default",
  args = [],
}: ModuleSpec): ModuleAddress {
  return { url: urlOf(module), export: name, args };
}

function urlOf(module: string | URL): string {
  if (module instanceof URL || module.startsWith("file:")) return String(module);
  return pathToFileURL(isAbsolute(module) ? module : resolve(module)).href;
}

/** What the module exports by that name. Throws a TypeError if there is nothing. */
export async function importedValue({ url, export: name }: ModuleAddress): Promise<unknown> {
  const exported = ((await import(url)) as Record<string, unknown>)[name];
  if (exported === undefined) throw new TypeError(`module: ${url} exports no ${name}`);
  return exported;
}

/** An object as it is; of a class a new instance; of any other function what it gives. */
export function made(exported: unknown, args: readonly unknown[]): unknown {
  if (typeof exported !== "function") return exported;
  // Arrow functions and methods have no prototype and cannot be called with `new`.
  return exported.prototype === undefined
    ? (exported as (...args: readonly unknown[]) => unknown)(...args)
    : Reflect.construct(exported, args);
}
