import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { invariant } from "../core/errors.ts";

/** A file of our package by its path there, whether this runs from a checkout or from the built package. */
export function packageFile(...path: readonly string[]): string {
  const manifest = findPackageJSON(import.meta.url);
  invariant(manifest !== undefined, "drayage lies in a package");
  return join(dirname(manifest), ...path);
}
