import { statSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import { unfinishedIn } from "../../playback/message-log/log-files.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";
import { ReadDirectory } from "../../playback/message-log/read-directory.ts";
import { ReadFile } from "../../playback/message-log/read-file.ts";

export type Selection = {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly topics: readonly string[];
  readonly raw: boolean;
};

/** A reader for a directory, a file or a prefix. `say` gets a line about everything that is left out. */
export function openLogs(
  path: string,
  selection: Selection,
  say: (line: string) => void,
): ReadFile | ReadDirectory {
  const { from, to, topics } = selection;
  if (from !== undefined && to !== undefined && from > to)
    throw new UsageError(`--from ${from} lies behind --to ${to}`);
  const limits = { minTime: from ?? null, maxTime: to ?? null, topics, message: false };
  try {
    return isDirectory(path)
      ? openDirectory(path, { ...limits, ignoreRaw: !selection.raw }, say)
      : openFile(path, limits, selection.raw);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (isUsersMistake(error)) {
      throw new UsageError(`cannot read the log: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** What readers throw about paths, headers and globs. */
const isUsersMistake = (error: unknown): error is Error =>
  error instanceof LogIOError || error instanceof TypeError || error instanceof RangeError;

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function openFile(
  path: string,
  limits: ConstructorParameters<typeof ReadFile>[1],
  raw: boolean,
): ReadFile {
  const reader = new ReadFile(path, limits);
  if (!raw && reader.header?.type === null)
    throw new UsageError(`${path} is a raw log, without message type: add --raw to replay it`);
  return reader;
}

function openDirectory(
  path: string,
  limits: ConstructorParameters<typeof ReadDirectory>[1] & { readonly ignoreRaw: boolean },
  say: (line: string) => void,
): ReadDirectory {
  const unfinished = unfinishedIn(path);
  if (unfinished.length > 0) {
    say(
      `not replayed, since not closed: ${unfinished.join(", ")} (drayage replay-log --recover ${path})`,
    );
  }
  const reader = new ReadDirectory(path, limits);
  if (!limits.ignoreRaw || reader.rawLogs.length === 0) return reader;
  if (reader.header === null)
    throw new UsageError(`${path} holds raw logs only, without message type: add --raw`);
  say(`not replayed, since raw: ${reader.rawLogs.join(", ")} (add --raw)`);
  return reader;
}
