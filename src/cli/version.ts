import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { invariant } from "../core/errors.ts";

/** From our package.json, whether this runs from a checkout or from the built package. */
export const version: string = readVersion();

function readVersion(): string {
  const path = findPackageJSON(import.meta.url);
  invariant(path !== undefined, "drayage lies in a package");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
