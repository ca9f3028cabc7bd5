// Where calibrations are kept between runs: one file for each machine and version, in the user's cache directory.
//
//   $XDG_CACHE_HOME/drayage/calibration-<16 hex digits of the key>.json, or below $HOME/.cache
//   { "version": 1, "key": { cpu, cores, node, drayage }, "calibrations": [ one for each number of worker threads ] }
//
// A cache may be missing, read-only or hold anything: nothing of it stops a run.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import { surroundings } from "../../report/run-directory.ts";
import { version } from "../version.ts";
import type { Calibration } from "./calibration.ts";

/** What a calibration depends on: another processor, number of cores or version knows nothing of it. */
export type CalibrationKey = {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly drayage: string;
};

const DIGITS = 16;

export function calibrationKey(): CalibrationKey {
  const { machine, runtime } = surroundings();
  return { cpu: machine.cpu, cores: machine.cpus, node: runtime.version, drayage: version };
}

/** Undefined where the environment names no place for it. A relative XDG_CACHE_HOME counts as none, as its specification says. */
export function calibrationFile(env: NodeJS.ProcessEnv, key: CalibrationKey): string | undefined {
  const { cpu, cores, node, drayage } = key;
  const text = JSON.stringify([cpu, cores, node, drayage]);
  const digits = createHash("sha256").update(text).digest("hex").slice(0, DIGITS);
  const { XDG_CACHE_HOME: cache = "", HOME: home = "" } = env;
  const name = join("drayage", `calibration-${digits}.json`);
  if (isAbsolute(cache)) return join(cache, name);
  return isAbsolute(home) ? join(home, ".cache", name) : undefined;
}

/** What is known of this machine. `unreadable`: there is a file, and it is none of ours. */
export type KnownCalibrations =
  | { readonly kind: "known"; readonly calibrations: readonly Calibration[] }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly file: string };

export async function readCalibrations(
  env: NodeJS.ProcessEnv,
  key: CalibrationKey = calibrationKey(),
): Promise<KnownCalibrations> {
  const file = calibrationFile(env, key);
  if (file === undefined) return { kind: "none" };
  try {
    const text = readFileSync(file, "utf8");
    const { fileSchema } = await import("./calibration-file.ts");
    const { calibrations } = fileSchema.parse(JSON.parse(text));
    return { kind: "known", calibrations };
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    return isAbsent ? { kind: "none" } : { kind: "unreadable", file };
  }
}

export type Kept =
  | { readonly kind: "kept"; readonly file: string }
  | { readonly kind: "not-kept"; readonly why: string };

/** Takes the place of the one with as many workers. The whole file is written or none of it. */
export async function keepCalibration(
  env: NodeJS.ProcessEnv,
  calibration: Calibration,
  key: CalibrationKey = calibrationKey(),
): Promise<Kept> {
  const file = calibrationFile(env, key);
  if (file === undefined)
    return { kind: "not-kept", why: "neither XDG_CACHE_HOME nor HOME names a directory" };
  const known = await readCalibrations(env, key);
  const others =
    known.kind === "known"
      ? known.calibrations.filter(({ workers }) => workers !== calibration.workers)
      : [];
  const { FILE_VERSION } = await import("./calibration-file.ts");
  const content = { version: FILE_VERSION, key, calibrations: [...others, calibration] };
  const draft = `${file}.${process.pid}.part`;
  try {
    makeFolder(dirname(file), 0o700);
    writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(draft, file);
    return { kind: "kept", file };
  } catch (error) {
    return { kind: "not-kept", why: messageOf(error) };
  }
}
