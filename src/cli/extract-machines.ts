import { basename } from "node:path";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { timeText } from "../extract/event-time.ts";
import { type BackupClock, backupClocks } from "../extract/machines/backup-files.ts";
import {
  extractMachines as extractEvents,
  type MachineExtraction,
  type MachineOptions,
  orderedBackups,
  workersFor,
} from "../extract/machines/machine-extraction.ts";
import { type NodeJoin, nodeJoins } from "../extract/machines/node-pairs.ts";
import { readConfig, type StarcompactorConfig } from "../extract/machines/starcompactor-config.ts";
import type { MachineEvent } from "../extract/nova-event.ts";
import { requirePlaces } from "../extract/output/delivery.ts";
import { HostJoin } from "../extract/output/host-join.ts";
import { openMachineTrace } from "../extract/output/machine-trace.ts";
import { PartialFile } from "../extract/output/partial-file.ts";
import type { RowSink } from "../extract/row-sink.ts";
import type { TracePlan } from "../extract/trace-plan.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { attachedValues } from "./extract/attached-values.ts";
import { extractOptions } from "./extract/extract-options.ts";
import { instanceTypeOption, machineDatabaseOptions } from "./extract/nova-options.ts";
import { tracePlan } from "./extract/trace-plan.ts";
import { writeTrace } from "./extract/trace-writing.ts";
import { ProgressLine } from "./live/progress-line.ts";

const options = {
  ...extractOptions,
  "hashed-masking-method": { ...extractOptions["hashed-masking-method"], alias: "m" },
  "hashed-masking-salt": { ...extractOptions["hashed-masking-salt"], alias: "s" },
  ...instanceTypeOption,
  "backup-dir": {
    type: "string",
    value: "DIR",
    help: "folder of the backups, not searched below; or backup_dir in starcompactor.config",
  },
  "backup-file-regex": {
    type: "string",
    value: "REGEX",
    help: "how names of backups begin, in Python's syntax",
  },
  "backup-order": {
    type: "string",
    choices: backupClocks,
    default: "mtime",
    help: "which backup is earlier: by time of the file, date in its name, or last line of the dump",
  },
  "backup-time": {
    type: "string",
    choices: backupClocks,
    default: "mtime",
    help: "v0.3: when a host that a backup lacks was deleted",
  },
  "nova-databases": {
    type: "string",
    value: "A,B",
    help: "schemas of Nova in dumps that say USE; nova, in v0.3 nova and nova_cell0",
  },
  "node-join": {
    type: "string",
    choices: nodeJoins,
    default: "auto",
    help: "what ties nodes to services; auto: host, or service_id in dumps from before Nova 2015.1",
  },
  "host-field": {
    type: "string",
    choices: ["hypervisor_hostname", "host"],
    default: "hypervisor_hostname",
    help: "which column is HOST_NAME",
  },
  "keep-initial-disable": {
    type: "boolean",
    default: false,
    help: "keep the first DISABLE of a host that is never seen enabled before",
  },
  workers: {
    type: "number",
    integer: true,
    min: 1,
    max: 64,
    value: "N",
    help: "backups read at once; one for every 30, at most as many as there are cores",
  },
  ...machineDatabaseOptions,
} as const;

type Given = OptionValues<typeof options>;

/** Events of machines out of SQL dumps of Nova's database; no server is needed. */
export const extractMachines: Command<typeof options> = {
  name: "extract machines",
  summary: "write what happened to Nova's compute hosts, read from backups of its database",
  examples: [
    {
      type: "drayage extract machines --backup-dir /backups --key-file mask.key machines.csv",
      does: "all backups of the folder, masked with a key",
    },
    {
      type: "drayage extract machines --backup-dir /backups -m none --format v0.3 -j machines.jsonl",
      does: "in clear text, the newer format, JSON lines",
    },
  ],
  positionals: ["OUTPUT"],
  options,
  normalize: (args) => attachedValues(options, args),
  async run(given, [output = ""], terminal) {
    refuseBareMetal(given);
    const config = readConfig(given.config);
    const plan = tracePlan(given, {
      terminal,
      verb: "extract machines",
      output,
      configEpoch: config.epoch,
    });
    for (const line of config.warnings) plan.notice(line);
    noticeIgnored(given, plan.notice);
    const machines = machineOptions(given, { config, plan });
    if (given["dry-run"]) return printPlan(machines, terminal);
    // Reading may take hours; that its result cannot be written, or not compared, shall be known before.
    new PartialFile(output).discard();
    requirePlaces(plan);
    if (plan.joinWith !== undefined) await HostJoin.with(plan.joinWith, "machines");
    const line = new ProgressLine(terminal, given);
    const onBytes = (done: number, total: number): void =>
      line.show({ doing: "reading backups", done, total, unit: "bytes" });
    const extraction = await extractEvents({ ...machines, onBytes }).finally(() => line.clear());
    const racks = extraction.events.flatMap(({ content }) => content?.rack ?? []);
    const sink = await openMachineTrace(plan, racks);
    return writeTrace(sink, { fill: (target) => writeAll(target, extraction), terminal, line });
  },
};

/** The name of the original's program. */
export const machineEventDump: Command<typeof options> = {
  ...extractMachines,
  name: "machine_event_dump",
  summary: "the same as extract machines, as Star Compactor spells it",
  examples: extractMachines.examples.map(({ type, does }) => ({
    type: type.replace("extract machines", "machine_event_dump"),
    does,
  })),
};

function refuseBareMetal(given: Given): void {
  if (given["instance-type"] === "baremetal")
    throw new UsageError(
      "machines of bare metal are not supported yet: leave out --instance-type baremetal",
    );
}

function noticeIgnored(given: Given, notice: (line: string) => void): void {
  const names = (["db-user", "password", "host", "port"] as const).filter(
    (name) => given[name] !== undefined,
  );
  if (names.length > 0)
    notice(`--${names.join(", --")}: not used, since backups are read without a database`);
}

function machineOptions(
  given: Given,
  { config, plan }: { config: StarcompactorConfig; plan: TracePlan },
): MachineOptions {
  const { version, notice } = plan;
  return {
    folder: given["backup-dir"] ?? config.backupDir,
    regex: given["backup-file-regex"] ?? config.backupFileRegex,
    order: given["backup-order"] as BackupClock,
    clock: given["backup-time"] as BackupClock,
    version,
    schemas:
      given["nova-databases"]?.split(",").map((name) => name.trim()) ??
      (version === "v0.2" ? ["nova"] : (config.novaDatabases ?? ["nova", "nova_cell0"])),
    nodeJoin: given["node-join"] as NodeJoin,
    rack: { regex: config.rackRegex, group: config.rackGroup },
    hostField: given["host-field"] === "host" ? "host" : "hypervisor_hostname",
    keepInitialDisable: given["keep-initial-disable"],
    filesPerWorker: config.filesPerProcess,
    workers: given.workers,
    strict: given.strict,
    notice,
    progress: given.verbose || given.debug ? notice : () => {},
  };
}

function printPlan(machines: MachineOptions, { out }: Terminal): ExitCode {
  const files = orderedBackups(machines);
  for (const { path, bytes, mtime } of files)
    out.write(`${timeText(mtime)}  ${bytes} bytes  ${basename(path)}\n`);
  const workers = workersFor(files.length, machines);
  out.write(
    `${files.length} backups by ${machines.order}, ${workers} at once, schemas ${machines.schemas.join(", ")}\n`,
  );
  return ExitCode.done;
}

async function writeAll(
  sink: RowSink<MachineEvent>,
  { events, source }: MachineExtraction,
): Promise<MachineExtraction["source"]> {
  for (const event of events) if (!sink.write(event)) await sink.drained();
  return source;
}
