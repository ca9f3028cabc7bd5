// Backups of Nova's database → events of its machines.
//
//   folder --names, order--> files --threads--> pairs of node and service --merge--> candidates --refine--> events
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { timeText } from "../event-time.ts";
import type { EventTime, MachineEvent } from "../nova-event.ts";
import type { SourceReport } from "../row-sink.ts";
import type { TraceVersion } from "../trace-plan.ts";
import { type BackupClock, type BackupFile, backupFiles, namesDisagree } from "./backup-files.ts";
import { readBackups } from "./backup-readers.ts";
import { CandidateEvents, type RackRule } from "./candidate-events.ts";
import type { NodeJoin } from "./node-pairs.ts";
import type { BackupContent } from "./read-backup.ts";
import { refinedEvents } from "./refinement.ts";

export type MachineOptions = {
  readonly folder: string;
  readonly regex: string;
  readonly order: BackupClock;
  /** What tells when a backup was made, for hosts that have vanished from it. */
  readonly clock: BackupClock;
  readonly version: TraceVersion;
  readonly schemas: readonly string[];
  readonly nodeJoin: NodeJoin;
  readonly rack: RackRule;
  readonly hostField: "hypervisor_hostname" | "host";
  readonly keepInitialDisable: boolean;
  readonly filesPerWorker: number;
  /** `undefined`: by the number of files and of cores. */
  readonly workers: number | undefined;
  /** A backup that cannot be used ends the run. */
  readonly strict: boolean;
  readonly notice: (line: string) => void;
  readonly progress: (line: string) => void;
  /** Bytes of the backups that were read, and of all. */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
};

export type MachineExtraction = {
  readonly events: readonly MachineEvent[];
  readonly source: SourceReport;
};

type Read = { readonly file: BackupFile; readonly content: BackupContent };

/** The backups in the order in which they count, as far as that is known before they are read. */
export function orderedBackups({ folder, regex, order, notice }: MachineOptions): BackupFile[] {
  const files = backupFiles({ folder, regex });
  if (order !== "name") {
    if (order === "mtime" && namesDisagree(files))
      notice(
        "the dates in the names of the backups say another order than their mtimes; to go by the names: --backup-order name",
      );
    return files;
  }
  return files.toSorted((a, b) => namedTime(a) - namedTime(b));
}

export const workersFor = (files: number, { workers, filesPerWorker }: MachineOptions): number =>
  Math.min(workers ?? Math.ceil(files / filesPerWorker), workers ?? availableParallelism(), files);

export async function extractMachines(options: MachineOptions): Promise<MachineExtraction> {
  const files = orderedBackups(options);
  const candidates = new CandidateEvents(options);
  const faults: string[] = [];
  const notices = new Set<string>();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytesRead = 0;
  for await (const { file, content } of inOrder(files, options)) {
    bytesRead += file.bytes;
    options.onBytes?.(bytesRead, bytes);
    if (content.kind === "fault") {
      skipped(file, content.reason, options);
      faults.push(content.reason);
      continue;
    }
    for (const line of content.notices) {
      if (!notices.has(line)) options.notice(`${basename(file.path)}: ${line}`);
      notices.add(line);
    }
    candidates.add({ pairs: content.pairs, time: timeOf(file, content, options.clock) });
    options.progress(`${basename(file.path)}: ${content.pairs.length} nodes with a service`);
  }
  if (faults.length === files.length)
    throw new UsageError(
      files.length === 1
        ? `the only backup in ${options.folder} cannot be used`
        : `none of the ${files.length} backups in ${options.folder} can be used`,
    );
  const events = refinedEvents(candidates.hosts, options);
  return { events, source: sourceReport({ files, candidates, faults, notices, events }) };
}

/** By trailer all backups must be read before the first is merged. */
async function* inOrder(
  files: readonly BackupFile[],
  options: MachineOptions,
): AsyncGenerator<Read> {
  const reading = read(files, options);
  if (options.order !== "trailer") {
    yield* reading;
    return;
  }
  const all: Read[] = [];
  for await (const one of reading) all.push(one);
  const time = ({ file, content }: Read) =>
    content.kind === "fault" ? 0 : timeOf(file, content, "trailer");
  yield* all.toSorted((a, b) => time(a) - time(b));
}

async function* read(files: readonly BackupFile[], options: MachineOptions): AsyncGenerator<Read> {
  let next = 0;
  const contents = readBackups(
    files.map(({ path }) => path),
    {
      workers: workersFor(files.length, options),
      options: { schemas: options.schemas, nodeJoin: options.nodeJoin },
    },
  );
  for await (const content of contents) yield { file: files[next++] as BackupFile, content };
}

function skipped(file: BackupFile, reason: string, { strict, notice }: MachineOptions): void {
  const line = `${file.path} ${reason}`;
  if (strict) throw new UsageError(`${line} (--strict)`);
  notice(`${line}; skipped`);
}

function timeOf(
  file: BackupFile,
  content: Extract<BackupContent, { kind: "read" }>,
  clock: BackupClock,
): EventTime {
  switch (clock) {
    case "mtime":
      return file.mtime;
    case "name":
      return namedTime(file);
    case "trailer":
      if (content.completed === undefined)
        throw new UsageError(
          `${file.path} has no line "Dump completed on" with a date; use --backup-order and --backup-time mtime or name`,
        );
      return content.completed;
    default:
      return clock satisfies never;
  }
}

function namedTime({ path, named }: BackupFile): EventTime {
  if (named === undefined)
    throw new UsageError(
      `the groups of backup_file_regex give no date (YYYYMMDD, then HHMMSS) for ${path}; use mtime or trailer`,
    );
  return named;
}

function sourceReport({
  files,
  candidates,
  faults,
  notices,
  events,
}: {
  files: readonly BackupFile[];
  candidates: CandidateEvents;
  faults: readonly string[];
  notices: ReadonlySet<string>;
  events: readonly MachineEvent[];
}): SourceReport {
  const counted = [...candidates.hosts.values()].reduce((sum, host) => sum + host.size, 0);
  const times = files.map(({ mtime }) => mtime);
  return {
    kind: "nova-dumps",
    facts: {
      backups: files.length,
      "backups skipped": faults.length,
      "packed bytes": files.reduce((sum, { bytes }) => sum + bytes, 0),
      hosts: candidates.hosts.size,
      "candidate events": counted,
    },
    times: {
      "first mtime": timeText(Math.min(...times)),
      "last mtime": timeText(Math.max(...times)),
    },
    rowsRead: candidates.pairs,
    dropped: { ...candidates.dropped, "refined away": counted - events.length },
    warnings: [...notices, ...faults.map((reason) => `a backup was skipped: it ${reason}`)],
    partial: faults.length > 0,
  };
}
