// A configuration in a file of its own, and what loading it says.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type ConfigOf, loadReplayConfig } from "../../src/cli/config/replay-config.ts";
import type { Mode } from "../../src/cli/config/schema-parts.ts";
import { UsageError } from "../../src/core/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-config-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

/** Writes `text` to a new file and returns its path. */
export function fileWith(text: string | Uint8Array, name = "config.yaml"): string {
  const path = join(directory, `${++files}-${name}`);
  writeFileSync(path, text);
  return path;
}

export type Loading<M extends Mode> = {
  readonly mode?: M;
  readonly overrides?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly local?: number;
};

export function load<M extends Mode = "run">(
  text: string | Uint8Array,
  { mode, overrides = [], env = {}, local }: Loading<M> = {},
): ConfigOf<M> {
  return loadReplayConfig({
    path: fileWith(text),
    mode: mode ?? ("run" as M),
    overrides,
    env,
    local,
  });
}

/** The lines of the UsageError, with the file's name as `FILE`; none if it loads. */
export function mistakesIn(
  text: string | Uint8Array,
  { mode = "run", overrides = [], env = {}, local }: Loading<Mode> = {},
): readonly string[] {
  const path = fileWith(text);
  try {
    loadReplayConfig({ path, mode, overrides, env, local });
    return [];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.lines.map((line) => line.replaceAll(path, "FILE"));
  }
}
