import { UsageError } from "../../core/errors.ts";
import type { OptionTable, OptionValues } from "../command.ts";
import { maskOptions } from "../extract/mask-options.ts";

const {
  masking,
  salt,
  "salt-file": saltFile,
  "key-file": keyFile,
  "insecure-file-mode": insecureFileMode,
  time,
  "time-shift": timeShift,
  "allow-leaks": allowLeaks,
} = maskOptions;

/** How `--anonymise` masks; the same options as those of the extractions. */
export const maskingOptions = {
  anonymise: {
    type: "boolean",
    default: false,
    help: "mask names, tags, digests, clients, hosts and ids again, and move times",
  },
  masking,
  salt,
  "salt-file": saltFile,
  "key-file": keyFile,
  "insecure-file-mode": insecureFileMode,
  style: {
    type: "string",
    choices: ["full", "ibm8"],
    help: "ibm8: eight digits for everything, as in the published traces; full without it",
  },
  time,
  "time-shift": timeShift,
  "time-round": {
    type: "number",
    integer: true,
    min: 0,
    value: "MS",
    help: "cut times to multiples of so many milliseconds",
  },
  "keep-tags": {
    type: "string",
    value: "LIST",
    help: "tags that are no secret; latest without it",
  },
  "allow-leaks": allowLeaks,
} as const satisfies OptionTable;

export type MaskingGiven = OptionValues<typeof maskingOptions>;

/** Masking that was asked for in part only would look like masking. */
export function refuseMasking(given: MaskingGiven): void {
  const names = Object.keys(maskingOptions) as (keyof MaskingGiven)[];
  for (const name of names) {
    const value = given[name];
    const isGiven = Array.isArray(value)
      ? value.length > 0
      : value !== undefined && value !== false;
    if (isGiven) throw new UsageError(`--${name} goes with --anonymise`);
  }
}
