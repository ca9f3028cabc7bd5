import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { invariant } from "../core/errors.ts";

/** The version in our package.json, whether this runs from a checkout or from the built package. */
export function toolVersion(): string {
  const path = findPackageJSON(import.meta.url);
  invariant(path !== undefined, "drayage lies in a package");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return version;
}
