import type { OptionTable } from "./command.ts";

/** The options that can be typed: a section stands in a file only. */
export const typedOptions = (options: OptionTable): OptionTable =>
  Object.fromEntries(Object.entries(options).filter(([, { type }]) => type !== "section"));
