// What a warm-up has reached, `<output>.journal`, so that one that was cut off goes on where it stopped.
//
//   {"journal":1,"seed":"0","random":true,…,"registries":[…],"traces":[…]}    whose work it is
//   {"uri":"v2/…","digest":"sha256:…","how":"pushed"}                          one line per object that is there
//   {"uri":"v2/…","digest":"sha256:…","how":"existing","registry":1}           in an entry other than the first
//
// Appended to only; on the disk at most 5 s after a row was added. A crash leaves at most one torn line, the last, which is
// cut off on opening; any other damage is refused. Source: trace-replay.md 4.4.
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import { differingSettings, type MapSettings, type TracedFile } from "./map-meta.ts";

/** Whose work the journal holds. Another identity has other objects, or other places for them. */
export type WarmupIdentity = MapSettings & {
  readonly registries: readonly string[];
  readonly traces: readonly TracedFile[];
};

export type JournalRow = {
  readonly uri: string;
  /** `sha256:<64 hex digits>`. */
  readonly digest: string;
  readonly how: "pushed" | "existing" | "mounted";
  /** Index of the registry entry; absent = 0. */
  readonly registry?: number;
};

const SYNC_MS = 5000;
const BUFFER_CHARACTERS = 64 * 1024;
const READ_BYTES = 256 * 1024;
const LINE_BYTES_MAX = 2 << 20;
const VERSION = 1;
const NEWLINE = 10;

export const journalPathOf = (mapPath: string): string => `${mapPath}.journal`;

export type JournalOptions = {
  readonly path: string;
  readonly identity: WarmupIdentity;
  /** Discard what is there: `--restart`. */
  readonly restart: boolean;
};

export class WarmupJournal {
  readonly #path: string;
  readonly #file: number;
  #pending = "";
  #timer: NodeJS.Timeout | undefined;
  /** What the timer met, for the next caller. */
  #failure: unknown;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens the journal of an identity and hands every row that it holds to `onRow`, in order. A journal of another identity is
   * a UsageError with one sentence per difference, a damaged one a DrayageError `map-corrupt`.
   */
  static open(
    { path, identity, restart }: JournalOptions,
    onRow: (row: JournalRow) => void,
  ): WarmupJournal {
    const file = guarded(path, () => openSync(path, restart ? "w+" : "a+"));
    try {
      const sound = readJournal({ path, file, identity }, onRow);
      guarded(path, () => ftruncateSync(file, sound));
      const journal = new WarmupJournal(path, file);
      if (sound === 0) journal.#begin(identity);
      return journal;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /**
   * Takes a journal from a process that may have it open still, and forgets all rows but the first `count`, which are handed to
   * `onRow`. Throws UsageError where there are not so many, and what `open` throws.
   */
  static takeOver(
    { path, identity, count }: Omit<JournalOptions, "restart"> & { readonly count: number },
    onRow: (row: JournalRow) => void,
  ): WarmupJournal {
    const rows: JournalRow[] = [];
    WarmupJournal.open({ path, identity, restart: false }, (row) => {
      if (rows.length < count) rows.push(row);
    }).close();
    if (rows.length < count)
      throw new UsageError(
        `${path} is not that of this warm-up, which began with ${count} objects in it: resume it where it was started`,
      );
    const draft = `${path}.draft`;
    const fresh = WarmupJournal.open({ path: draft, identity, restart: true }, () => {});
    for (const row of rows) fresh.add(row);
    fresh.close();
    guarded(path, () => renameSync(draft, path));
    return WarmupJournal.open({ path, identity, restart: false }, onRow);
  }

  #begin(identity: WarmupIdentity): void {
    this.#pending = `${JSON.stringify({ journal: VERSION, ...identity })}\n`;
    this.sync();
  }

  /** Throws `storage` where this row or one before it could not be written. */
  add(row: JournalRow): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#pending += `${JSON.stringify(row)}\n`;
    if (this.#pending.length >= BUFFER_CHARACTERS) this.#write();
    // Keeps the process alive, as unsaved work should.
    this.#timer ??= setTimeout(() => this.#syncLater(), SYNC_MS);
  }

  #syncLater(): void {
    try {
      this.sync();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Puts everything that was added on the disk. */
  sync(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#failure !== undefined) throw this.#failure;
    this.#write();
    guarded(this.#path, () => fdatasyncSync(this.#file));
  }

  close(): void {
    try {
      this.sync();
    } finally {
      closeSync(this.#file);
    }
  }

  /** Closes and removes it: the map that it led to is complete. Not what another process has put in its place. */
  discard(): void {
    clearTimeout(this.#timer);
    const { ino } = fstatSync(this.#file);
    closeSync(this.#file);
    guarded(this.#path, () => {
      if (statSync(this.#path, { throwIfNoEntry: false })?.ino === ino) rmSync(this.#path);
    });
  }

  #write(): void {
    const bytes = Buffer.from(this.#pending);
    this.#pending = "";
    guarded(this.#path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    });
  }
}

type OpenJournal = {
  readonly path: string;
  readonly file: number;
  readonly identity: WarmupIdentity;
};

/** Reads all complete lines. Returns the length of the file up to the end of the last of them. */
function readJournal(
  { path, file, identity }: OpenJournal,
  onRow: (row: JournalRow) => void,
): number {
  let sound = 0;
  for (const line of linesOf(path, file)) {
    const parsed = parseLine(line);
    if (sound === 0) requireSameWork(path, parsed, identity);
    else if (isRow(parsed)) onRow(parsed);
    else throw damaged(path, sound);
    sound += line.length + 1;
  }
  return sound;
}

/** Lines that end in a line break, as views of one buffer. */
function* linesOf(path: string, file: number): Generator<Buffer> {
  let buffer = Buffer.allocUnsafe(READ_BYTES);
  let held = 0;
  let offset = 0;
  for (;;) {
    if (held === buffer.length) {
      if (held >= LINE_BYTES_MAX) throw damaged(path, offset - held);
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
    }
    const got = guarded(path, () => readSync(file, buffer, held, buffer.length - held, offset));
    if (got === 0) return;
    offset += got;
    held += got;
    let from = 0;
    for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < held; ) {
      yield buffer.subarray(from, end);
      from = end + 1;
      end = buffer.indexOf(NEWLINE, from);
    }
    buffer.copyWithin(0, from, held);
    held -= from;
  }
}

function parseLine(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}

const ways: readonly unknown[] = ["pushed", "existing", "mounted"];

function isRow(parsed: unknown): parsed is JournalRow {
  if (typeof parsed !== "object" || parsed === null) return false;
  const { uri, digest, how, registry = 0 } = parsed as Partial<Record<keyof JournalRow, unknown>>;
  const digestIsSound = typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest);
  return typeof uri === "string" && digestIsSound && ways.includes(how) && isIndex(registry);
}

const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

function requireSameWork(path: string, parsed: unknown, wanted: WarmupIdentity): void {
  const made = parsed as (Partial<WarmupIdentity> & { journal?: unknown }) | undefined;
  if (made?.journal !== VERSION) throw damaged(path, 0);
  const settings = differingSettings(made, wanted).map(
    (key) => `${key} was ${made[key]} and is ${wanted[key]}`,
  );
  const differences = [
    ...settings,
    ...listDifference("the registries", made.registries, wanted.registries),
    ...listDifference("the traces", made.traces?.map(tracedFile), wanted.traces.map(tracedFile)),
  ];
  if (differences.length === 0) return;
  throw new UsageError([
    ...differences.map((difference) => `${path} belongs to another warm-up: ${difference}`),
    "go on with the configuration of that warm-up, or begin anew with --restart",
  ]);
}

const tracedFile = ({ name, size }: TracedFile): string => `${name} (${size} bytes)`;

function listDifference(
  what: string,
  made: readonly string[] = [],
  wanted: readonly string[],
): string[] {
  const same = made.length === wanted.length && made.every((item, at) => item === wanted[at]);
  return same ? [] : [`${what} were ${made.join(", ")} and are ${wanted.join(", ")}`];
}

const damaged = (path: string, offset: number): DrayageError =>
  new DrayageError(
    "map-corrupt",
    `the journal ${path} is damaged at byte ${offset}: begin anew with --restart`,
  );

function guarded<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new DrayageError("storage", `cannot write the journal ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
