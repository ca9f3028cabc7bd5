import { UsageError } from "../../core/errors.ts";
import type { Compression } from "../account.ts";

export const writtenFormats = ["json", "ndjson", "csv", "parquet"] as const;
export type WrittenFormat = (typeof writtenFormats)[number];

export type TraceForm = { readonly format: WrittenFormat; readonly compression: Compression };

const NAME = /\.(json|ndjson|jsonl|csv|parquet)$/i;
const compressions: Readonly<Record<string, Compression>> = { gz: "gzip", zst: "zstd" };

/**
 * The form that the name of a file asks for; `format`, which the user gave with `flag`, decides where the name says
 * nothing, or something else.
 */
export function formOf(
  path: string,
  { flag, format }: { readonly flag: string; readonly format: WrittenFormat | undefined },
): TraceForm {
  if (path === "-") throw new UsageError("- is no file: traces are written to files only");
  const suffix = /\.(gz|zst)$/i.exec(path)?.[1]?.toLowerCase();
  const compression = suffix === undefined ? "none" : (compressions[suffix] as Compression);
  const name = suffix === undefined ? path : path.slice(0, -suffix.length - 1);
  const named = NAME.exec(name)?.[1]?.toLowerCase().replace("jsonl", "ndjson");
  const chosen = format ?? (named as WrittenFormat | undefined);
  if (chosen === undefined) {
    throw new UsageError(
      `${path}: its name ends in none of .json, .ndjson, .jsonl, .csv, .parquet: say ${flag} FORMAT`,
    );
  }
  if (chosen === "parquet" && compression !== "none")
    throw new UsageError(`${path}: Parquet is compressed inside: leave out .${suffix}`);
  return { format: chosen, compression };
}
