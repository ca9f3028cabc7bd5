// Archives among the traces of a command: each is written out as a trace once, so that everything that reads traces, in
// whatever thread, several times or sorted through files, reads a recording as it reads any other trace.
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { ArchiveTraceCounts, TracePurpose } from "../../archive/trace/archive-trace.ts";
import { type ArchiveTraceName, archiveTraceName } from "../../archive/trace/trace-name.ts";
import { UsageError } from "../../core/errors.ts";

type Named = {
  /** Prefix of relative names. */
  readonly location?: string | undefined;
  readonly traces: readonly string[];
};

type Writing = {
  readonly purpose: TracePurpose;
  readonly tmpDir: string | undefined;
  /** Says what the archive had; one sentence. */
  readonly say: (sentence: string) => void;
};

/** Characters gathered before they are written. */
const BLOCK_CHARACTERS = 256 * 1024;

/** By the file that was made of an archive: how the user named the archive. */
const namesOfFiles = new Map<string, string>();

/** The trace that a file holds, by a name that is the same each time: of an archive its own, not that of the file made of it. */
export const traceName = (path: string): string => namesOfFiles.get(path) ?? path;

/**
 * Names of traces without archives: those of an archive become the file that has its requests, which is gone when the process
 * ends. UsageError for a name that is none.
 */
export async function withArchivesRead(
  { location, traces }: Named,
  writing: Writing,
): Promise<string[]> {
  const names = traces.map((name) => ({ name, archive: archiveTraceName(name) }));
  let folder: string | undefined;
  const read: string[] = [];
  for (const [index, { name, archive }] of names.entries()) {
    if (archive === undefined) {
      read.push(name);
      continue;
    }
    folder ??= temporaryFolder(writing.tmpDir);
    const directory = resolve(location ?? ".", archive.directory);
    const path = join(folder, `${index}-${basename(directory)}.ndjson`);
    await writeArchivedTrace(path, { name, archive: { ...archive, directory } }, writing);
    namesOfFiles.set(path, name);
    read.push(path);
  }
  return read;
}

/**
 * Lines of an archive's trace; at their end, what the archive had is said. UsageError for an archive without exchanges in the
 * range: it may be one of messages.
 */
export async function* toldLines(
  name: string,
  archive: ArchiveTraceName,
  { purpose, say }: Pick<Writing, "purpose" | "say">,
): AsyncGenerator<string> {
  // Most traces are files: what reads archives is loaded when there is one.
  const { archiveTrace } = await import("../../archive/trace/archive-trace.ts");
  const counts = { exchanges: 0, records: 0, gaps: 0, leftOut: new Map<string, number>() };
  yield* archiveTrace(archive, purpose, counts);
  if (counts.exchanges === 0)
    throw new UsageError(
      `${name}: no exchange with a registry in it: name what drayage record wrote with a proxy, and a range that has some`,
    );
  say(storyOf(name, counts));
}

/** Writes the file, which must not be there. `name` is for messages. */
export async function writeArchivedTrace(
  path: string,
  { name, archive }: { readonly name: string; readonly archive: ArchiveTraceName },
  writing: Pick<Writing, "purpose" | "say">,
): Promise<void> {
  await writeLines(path, toldLines(name, archive, writing));
}

const temporaryFolders = new Set<string>();

/** Gone when the process ends. */
export function temporaryFolder(tmpDir: string | undefined): string {
  const folder = mkdtempSync(join(tmpDir ?? tmpdir(), "drayage-archived-"));
  if (temporaryFolders.size === 0)
    process.once("exit", () => {
      for (const each of temporaryFolders) rmSync(each, { recursive: true, force: true });
    });
  temporaryFolders.add(folder);
  return folder;
}

async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  let block = "";
  for await (const line of lines) {
    block += line;
    if (block.length < BLOCK_CHARACTERS) continue;
    await file.write(block);
    block = "";
  }
  await file.write(block);
}

function storyOf(name: string, { exchanges, records, gaps, leftOut }: ArchiveTraceCounts): string {
  const reasons = [...leftOut].map(([reason, count]) => `${reason} ${count}`);
  const left = reasons.length === 0 ? "" : `; left out: ${reasons.join(", ")}`;
  const torn = gaps === 0 ? "" : `; ${gaps} gaps in the recording`;
  return `${name}: ${records} records of ${exchanges} exchanges${left}${torn}`;
}

/** Whether a trace of the configuration is an archive. */
export const namesArchive = ({ traces }: Named): boolean =>
  traces.some((name) => archiveTraceName(name) !== undefined);

type Sections = { readonly trace: Named };

/** A configuration whose traces are all files. */
export async function withoutArchives<Config extends Sections>(
  config: Config,
  writing: Writing,
): Promise<Config> {
  const { trace } = config;
  const traces = await withArchivesRead(trace, writing);
  return { ...config, trace: { ...trace, traces } };
}
