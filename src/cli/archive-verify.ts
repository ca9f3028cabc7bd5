import { statSync } from "node:fs";
import { join } from "node:path";
import { systemDisk } from "../archive/archive-disk.ts";
import { ArchiveDamage } from "../archive/archive-errors.ts";
import type { FileReport } from "../archive/file-report.ts";
import { rewriteFiles } from "../archive/rewrite.ts";
import { verifyFile } from "../archive/verify.ts";
import { messageOf } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { bytes } from "../core/units.ts";
import { alignRows } from "../report/text-table.ts";
import { archivePlace } from "./archive/archive-place.ts";
import type { Command } from "./command.ts";
import { ProgressLine } from "./live/progress-line.ts";
import { uiOption } from "./live/ui-choice.ts";

const options = {
  repair: {
    type: "boolean",
    default: false,
    help: "write a sound copy beside each damaged file, NAME.repaired, and list what is missing in it",
  },
  json: { type: "boolean", default: false, help: "print everything as JSON on standard output" },
  ...uiOption,
} as const;

const REPAIRED = ".repaired";
const REPAIR_IMAGE_BYTES = bytes(67_108_864);

/** What became of a damaged file's copy. */
type Repair = {
  readonly to: string;
  readonly batches: number;
  readonly missing: readonly string[];
};

type Verified = FileReport & { readonly repair?: Repair | { readonly failed: string } };

export const archiveVerify: Command<typeof options> = {
  name: "archive verify",
  summary: "check every byte of an archive; exit 9 if something is damaged",
  examples: [
    { type: "drayage archive verify /var/lib/drayage/archive", does: "a line per file" },
    {
      type: "drayage archive verify archive/current --repair",
      does: "a sound copy of what can be read, beside the file",
    },
  ],
  positionals: ["PATH"],
  options,
  async run(given, [path = "."], terminal) {
    const { out, err } = terminal;
    const { folder, names } = archivePlace(path);
    const sizes = names.map((name) => statSync(join(folder, name)).size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const line = new ProgressLine(terminal, given);
    const verified: Verified[] = [];
    let before = 0;
    for (const [index, name] of names.entries()) {
      const report = verifyFile(systemDisk, folder, name, (at) =>
        line.show({ doing: "checking", done: before + at, total, unit: "bytes" }),
      );
      before += sizes[index] ?? 0;
      const needsRepair = given.repair && report.problems.length > 0;
      verified.push(needsRepair ? { ...report, repair: await repair(folder, name) } : report);
    }
    line.end();
    const damaged = verified.filter(({ problems }) => problems.length > 0);
    if (given.json) out.write(`${JSON.stringify({ files: verified })}\n`);
    else {
      out.write(`${table(verified)}\n`);
      for (const file of damaged) err.write(`${details(file).join("\n")}\n`);
    }
    return damaged.length > 0 ? ExitCode.archiveDamaged : ExitCode.done;
  },
};

async function repair(folder: string, name: string): Promise<Repair | { readonly failed: string }> {
  const to = `${name}${REPAIRED}`;
  systemDisk.remove(join(folder, to));
  try {
    const { batches, missing } = await rewriteFiles({
      disk: systemDisk,
      folder,
      from: [name],
      to,
      codec: "deflate",
      imageBytes: REPAIR_IMAGE_BYTES,
    });
    return { to: join(folder, to), batches, missing };
  } catch (error) {
    if (!(error instanceof ArchiveDamage)) throw error;
    return { failed: messageOf(error) };
  }
}

function table(files: readonly Verified[]): string {
  const head = ["file", "state", "batches", "events", "images", "gaps", "paths", "bytes"];
  const rows = files.map((file) => [
    file.name,
    stateOf(file),
    ...[file.batches, file.events, file.images, file.gaps, file.paths, file.bytes].map(String),
  ]);
  return alignRows(
    [head, ...rows].map((cells) => ({ cells })),
    "llr",
  ).join("\n");
}

function stateOf({ problems, isSealed, uncommittedBytes }: Verified): string {
  if (problems.length > 0) return "DAMAGED";
  if (isSealed) return "sealed";
  return uncommittedBytes > 0 ? `open, ${uncommittedBytes} B uncommitted` : "open";
}

function details({ name, problems, repair: repaired }: Verified): string[] {
  const lines = problems.map((problem) => `${name}: ${problem}`);
  if (repaired === undefined) return lines;
  if ("failed" in repaired) return [...lines, `${name}: cannot be repaired: ${repaired.failed}`];
  return [
    ...lines,
    `${name}: wrote ${repaired.to} with ${repaired.batches} batches`,
    ...repaired.missing.map((what) => `missing in it: ${what}`),
  ];
}
