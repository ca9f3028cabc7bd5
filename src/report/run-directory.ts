import { randomBytes } from "node:crypto";
import { open, readdir, rename } from "node:fs/promises";
import { arch, availableParallelism, cpus, hostname, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import { makeFolder } from "../core/folder.ts";
import type { SaturationLimits } from "../stats/validity.ts";
import type { NamedStep } from "./step-sums.ts";

/** Directory that runs without `--out` go to, below the working directory. */
const RUNS = "runs";
const SUFFIX_BYTES = 3;

/** What the outputs of a run need besides its figures: with it they can be made from a run that was killed. */
export type RunFrame = {
  /** As in report/run-figures.ts. */
  readonly paced: boolean;
  readonly failsOn: "any" | "all";
  /** Limits that validity is judged by, and what to raise for more places; null where no latency is a finding. */
  readonly judged: { readonly limits: SaturationLimits; readonly placesKey: string } | null;
  /** Names of the nodes by their number. */
  readonly nodes: readonly string[];
  /** Steps of the schedule, where it has several and kept its speed. */
  readonly steps?: readonly NamedStep[] | undefined;
  /** Name and text, for the page. */
  readonly facts: readonly (readonly [string, string])[];
};

/** What was run. `plan` is as resolved, with secrets already taken out by the caller. Times of day are ISO 8601, UTC. */
export type RunRecord = {
  readonly tool: { readonly name: string; readonly version: string };
  readonly verb: string;
  readonly arguments: readonly string[];
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly ending: string | null;
  readonly plan: unknown;
  readonly seed: number | string | null;
  /** SHA-256 of each trace file, where known. */
  readonly traces: readonly { readonly file: string; readonly sha256: string | null }[];
  /** When it was paused, resumed or sped up, in seconds since its start and of its schedule. */
  readonly controls?: readonly {
    readonly kind: string;
    readonly atSeconds: number;
    readonly scheduleSeconds: number;
    readonly speed: number;
  }[];
  /** What its figures are judged and told by. */
  readonly frame?: RunFrame;
  /** How the clocks of the run relate: the monotonic origin and the wall clock at that instant. */
  readonly clocks: { readonly originWall: string; readonly originMonotonicNs: string };
};

/** The runtime and the machine, for comparing runs. */
export const surroundings = () => ({
  runtime: { name: "node", version: process.versions.node, v8: process.versions.v8 },
  machine: {
    host: hostname(),
    platform: platform(),
    release: release(),
    arch: arch(),
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  },
});

/** `2026-11-22T07-01-33Z_run_a1b2c3`: sorts by time, and is a file name everywhere. */
export function runName(verb: string, startedAt: number): string {
  const time = new Date(startedAt).toISOString().replace(/\.\d+Z$/, "Z");
  return `${time.replaceAll(":", "-")}_${verb}_${randomBytes(SUFFIX_BYTES).toString("hex")}`;
}

export class RunDirectory {
  readonly path: string;
  #runWritten: Promise<void> = Promise.resolve();
  /** One file after the other: run.json is written at the start and at the end, and a short run has both at once. */
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** run.json: at the start, and again at the end. A run may be shorter than the first writing: the second waits for it. */
  writeRun(record: RunRecord): Promise<void> {
    const content = { version: 1, ...record, ...surroundings() };
    const written = this.#runWritten.then(() => this.writeJson("run.json", content));
    this.#runWritten = written.catch(() => {});
    return written;
  }

  writeJson(name: string, content: unknown): Promise<void> {
    return this.writeText(name, `${JSON.stringify(content, null, 2)}\n`);
  }

  writeText(name: string, text: string): Promise<void> {
    return this.#write(this.file(name), text);
  }

  /** The whole file or none of it, whenever the process is killed. Throws DrayageError `storage`. */
  #write(path: string, text: string): Promise<void> {
    const written = this.#written.then(() => writeWhole(path, text));
    this.#written = written.catch(() => {});
    return written;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.part`;
  try {
    const handle = await open(draft, "w");
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    throw storageError(path, error);
  }
}

const storageError = (path: string, cause: unknown): DrayageError =>
  new DrayageError("storage", `cannot write ${path}: ${messageOf(cause)}`, { cause });

/**
 * Makes the directory of a run: `out` if given, which must be empty or not there, otherwise a new one below `runs`.
 * Throws UsageError or DrayageError `storage`.
 */
export async function createRunDirectory(options: {
  readonly verb: string;
  readonly startedAt: number;
  readonly out?: string | undefined;
}): Promise<RunDirectory> {
  const path = options.out ?? join(RUNS, runName(options.verb, options.startedAt));
  let present: string[];
  try {
    makeFolder(path);
    present = await readdir(path);
  } catch (error) {
    throw storageError(path, error);
  }
  if (present.length > 0) {
    throw new UsageError(`${path} is not empty: give --out a directory that is new or empty`);
  }
  return new RunDirectory(path);
}
