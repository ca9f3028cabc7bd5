import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DrayageError, invariant, messageOf } from "../core/errors.ts";
import { type Bytes, bytes, type Micros, type Millis, micros, millis } from "../core/units.ts";
import { type ArchiveDisk, systemDisk } from "./archive-disk.ts";
import { StorageError } from "./archive-errors.ts";
import { ArchiveFileWriter } from "./archive-file-writer.ts";
import { type ArchiveLock, takeLock } from "./archive-lock.ts";
import type { ArchiveEvent, Gap } from "./event.ts";
import { CURRENT, fileName, NEXT } from "./file-name.ts";
import { PENDING_BYTES_MAX } from "./growing-file.ts";
import type { FileHeader } from "./header-page.ts";
import { PathTable } from "./path-table.ts";
import { type Heritage, recover } from "./recovery.ts";
import { StampClock, systemArchiveClock } from "./stamp-clock.ts";
import type { ArchiveWriterOptions, WriterFailure, WriterState } from "./writer-options.ts";

/** Records leave the process for the file at the latest so long after they were added. */
const WRITE_DELAY_MS = 100;
const TIMER_MS_MAX = 2 ** 31 - 1;
const DEFAULT_IMAGE_BYTES = bytes(67_108_864);
const DEFAULT_FLUSH_BYTES = bytes(65_534 * 4096);
const DEFAULT_FLUSH_INTERVAL = millis(30_000);
/** Appending waits for the disk once so many times the flush limit is uncommitted. */
const ROOM_FLUSHES = 2;
const WRITER_NAME = "drayage 0.1.0";

type Limits = {
  readonly imageBytes: Bytes;
  readonly flushBytes: Bytes;
  readonly flushInterval: Millis;
  readonly rotateInterval: Millis;
  readonly rotateBytes: Bytes;
};

/** What readers in this process are told. `rotated`: the file is final, and is called so from now on. */
export type WriterWatcher = {
  grown(): void;
  began(file: ArchiveFileWriter): void;
  rotated(file: ArchiveFileWriter, name: string): void;
};

/** The one writer of an archive directory (and shard). */
export class ArchiveWriter {
  /** Where the files are: the directory, or the shard's folder in it. */
  readonly folder: string;
  readonly #options: ArchiveWriterOptions;
  readonly #limits: Limits;
  readonly #disk: ArchiveDisk;
  readonly #lock: ArchiveLock;
  readonly #stamps: StampClock;
  readonly #watchers = new Set<WriterWatcher>();
  readonly #failureListeners: ((failure: WriterFailure) => void)[] = [];
  #file: ArchiveFileWriter;
  /** Commits, rotations and the end happen one after the other. */
  #tasks: Promise<void> = Promise.resolve();
  #commit: Promise<void> | undefined;
  #rotation: Promise<string> | undefined;
  #failure: WriterFailure | undefined;
  #lostLater = 0;
  #rotations = 0;
  #commits = 0;
  #isClosed = false;
  #writeTimer: NodeJS.Timeout | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  #rotateTimer: NodeJS.Timeout | undefined;

  private constructor(
    options: ArchiveWriterOptions,
    { folder, lock, file }: { folder: string; lock: ArchiveLock; file: ArchiveFileWriter },
  ) {
    this.#options = options;
    this.folder = folder;
    this.#lock = lock;
    this.#file = file;
    this.#disk = options.disk ?? systemDisk;
    this.#limits = {
      imageBytes: options.imageBytes ?? DEFAULT_IMAGE_BYTES,
      flushBytes: options.flushBytes ?? DEFAULT_FLUSH_BYTES,
      flushInterval: options.flushInterval ?? DEFAULT_FLUSH_INTERVAL,
      rotateInterval: options.rotateInterval ?? millis(0),
      rotateBytes: options.rotateBytes ?? bytes(0),
    };
    this.#stamps = new StampClock(
      options.clock ?? systemArchiveClock,
      micros(Math.max(file.stamp, file.file.header.floor)),
    );
    this.#armRotation();
  }

  /**
   * Makes the folder, takes the lock, recovers what a crash left. UsageError `archive in use by pid N on HOST` for a second
   * writer; StorageError where the disk refuses.
   */
  static async open(options: ArchiveWriterOptions): Promise<ArchiveWriter> {
    const { disk = systemDisk, onNotice = ignore, codec = "deflate", breakLock = false } = options;
    const folder = shardFolder(options);
    let lock: ArchiveLock | undefined;
    try {
      disk.makeFolder(folder);
      lock = takeLock(folder, { breakLock, onNotice });
      const found = await recover({ disk, folder, codec, onNotice });
      const file =
        found.kind === "current"
          ? found.writer
          : await firstFile(
              options,
              folder,
              found.kind === "heritage" ? found.heritage : undefined,
            );
      return new ArchiveWriter(options, { folder, lock, file });
    } catch (error) {
      lock?.release();
      if (error instanceof DrayageError) throw error;
      throw new StorageError(`cannot open the archive ${folder}`, { cause: error });
    }
  }

  /**
   * Writes one batch and gives its stamp; readers in this process see it when this returns. `null`: recording has stopped
   * (see onFailure), the batch is counted as lost. RecordTooLarge for a batch of 2 GiB, of which nothing is written.
   */
  append(events: readonly ArchiveEvent[]): Micros | null {
    invariant(!this.#isClosed, "nothing is appended to a closed archive");
    if (this.#failure !== undefined) {
      this.#lostLater++;
      return null;
    }
    const stamp = this.#stamps.next();
    this.#file.batch(stamp, events);
    this.#afterAdding();
    if (this.#failure !== undefined && this.#file.file.now.lastStamp < stamp) return null;
    for (const watcher of this.#watchers) watcher.grown();
    return stamp;
  }

  /** Tells readers that something is missing here. */
  gap(gap: Omit<Gap, "kind">): void {
    if (this.#failure !== undefined) return;
    this.#file.gap(gap, this.#stamps.next());
    this.#afterAdding();
    for (const watcher of this.#watchers) watcher.grown();
  }

  /** A remark of the source for whoever reads the file: any JSON object. */
  note(note: Readonly<Record<string, unknown>>): void {
    if (this.#failure !== undefined) return;
    this.#file.meta({ note }, this.#stamps.next());
    this.#afterAdding();
  }

  /** Undefined while there is room; else resolves once the disk has caught up with what is uncommitted. */
  room(): Promise<void> | undefined {
    const { flushBytes } = this.#limits;
    const { file } = this.#file;
    if (this.#failure !== undefined || flushBytes === 0) return undefined;
    if (file.end - file.committed.length < flushBytes * ROOM_FLUSHES) return undefined;
    return this.commit().catch(ignore);
  }

  /** Once this resolves, a power cut cannot take away anything appended before the call. Rejects once recording stopped. */
  commit(): Promise<void> {
    const writer = this.#file;
    return this.#task(async () => {
      if (writer.file.isClosed) return;
      await writer.file.commit();
      this.#commits++;
    });
  }

  /** Seals the file and goes on in a new one; gives the name of the sealed file. Appending goes on meanwhile. */
  rotate(): Promise<string> {
    this.#rotation ??= this.#rotate().finally(() => {
      this.#rotation = undefined;
    });
    return this.#rotation;
  }

  /** Commits and gives the lock back; a writer that has failed gives back the lock only. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of [this.#writeTimer, this.#commitTimer, this.#rotateTimer])
      clearTimeout(timer);
    try {
      await this.#tasks.catch(ignore);
      if (this.#failure === undefined) {
        this.#file.meta({ stop: { ...this.#file.totals } }, this.#stamps.next());
        await this.commit().catch(ignore);
      }
    } finally {
      this.#file.file.close();
      this.#lock.release();
    }
  }

  /** Called once, with the batches lost. At once if recording has stopped already. */
  onFailure(listener: (failure: WriterFailure) => void): void {
    if (this.#failure !== undefined) listener(this.#failure);
    else this.#failureListeners.push(listener);
  }

  state(): WriterState {
    const { file, paths } = this.#file;
    return {
      file: join(this.folder, CURRENT),
      bytes: bytes(file.end),
      batches: file.now.batches,
      records: file.now.records,
      committedBytes: bytes(file.committed.length),
      committedBatches: file.committed.batches,
      lastStamp: lastStampOf(this.#file),
      paths: paths.count,
      rotations: this.#rotations,
      commits: this.#commits,
      lostBatches: (this.#failure?.lostBatches ?? 0) + this.#lostLater,
      failure: this.#failure === undefined ? null : messageOf(this.#failure.error),
    };
  }

  /** For readers of this process: the file that grows now, and what becomes of it. Gives the function that ends it. */
  watch(watcher: WriterWatcher): { readonly file: ArchiveFileWriter; end(): void } {
    this.#watchers.add(watcher);
    return { file: this.#file, end: () => void this.#watchers.delete(watcher) };
  }

  #afterAdding(): void {
    const { imageBytes, flushBytes, rotateBytes } = this.#limits;
    const writer = this.#file;
    const { file } = writer;
    this.#guarded(() => {
      if (file.pendingBytes >= PENDING_BYTES_MAX) file.flush();
      if (imageBytes > 0 && writer.sinceImage >= imageBytes) writer.image();
    });
    if (this.#failure !== undefined) return;
    this.#armTimers();
    if (flushBytes > 0 && file.end - file.committed.length >= flushBytes) this.#commitSoon();
    if (rotateBytes > 0 && file.end >= rotateBytes && this.#rotation === undefined)
      void this.rotate().catch(ignore);
  }

  // One at a time: what is added meanwhile asks again.
  #commitSoon(): void {
    this.#commit ??= this.commit()
      .catch(ignore)
      .finally(() => {
        this.#commit = undefined;
      });
  }

  #armTimers(): void {
    this.#writeTimer ??= setTimeout(() => {
      this.#writeTimer = undefined;
      const { file } = this.#file;
      if (this.#failure === undefined && !file.isClosed) this.#guarded(() => file.flush());
    }, WRITE_DELAY_MS).unref();
    const { flushInterval } = this.#limits;
    if (flushInterval === 0) return;
    this.#commitTimer ??= setTimeout(
      () => {
        this.#commitTimer = undefined;
        this.#commitSoon();
      },
      Math.min(flushInterval, TIMER_MS_MAX),
    ).unref();
  }

  #armRotation(): void {
    const { rotateInterval } = this.#limits;
    if (rotateInterval === 0) return;
    let left: number = rotateInterval;
    const arm = (): void => {
      const step = Math.min(left, TIMER_MS_MAX);
      this.#rotateTimer = setTimeout(() => {
        left -= step;
        if (left <= 0) {
          left = rotateInterval;
          void this.rotate().catch(ignore);
        }
        if (!this.#isClosed && this.#failure === undefined) arm();
      }, step).unref();
    };
    arm();
  }

  async #rotate(): Promise<string> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const old = this.#file;
    const name = fileName(this.#stamps.next());
    const sealAt = this.#guarded(() => {
      old.file.flush();
      const at = old.seal();
      old.file.flush();
      return at;
    });
    const next = this.#guarded(() => this.#nextFile(old, name));
    if (sealAt === undefined || next === undefined) throw this.#broken();
    this.#file = next;
    for (const watcher of this.#watchers) watcher.began(next);
    await this.#task(() => this.#finish(old, { next, sealAt, name }));
    return name;
  }

  #nextFile(old: ArchiveFileWriter, previous: string): ArchiveFileWriter {
    const { header } = old.file;
    const created = this.#stamps.previous;
    this.#stamps.takeOrigin();
    const next = ArchiveFileWriter.begin({
      disk: this.#disk,
      path: join(this.folder, NEXT),
      codec: this.#options.codec ?? "deflate",
      source: this.#options.source,
      paths: old.paths,
      state: { last: old.last, source: old.file, seed: old.file.seed },
      header: {
        ...header,
        fileId: randomBytes(16),
        created,
        floor: micros(Math.max(old.file.now.lastStamp, header.floor)),
        number: header.number + 1,
        previous,
        writer: WRITER_NAME,
      },
    });
    next.file.flush();
    return next;
  }

  async #finish(
    old: ArchiveFileWriter,
    {
      next,
      sealAt,
      name,
    }: {
      readonly next: ArchiveFileWriter;
      readonly sealAt: number;
      readonly name: string;
    },
  ): Promise<void> {
    await old.file.commit(sealAt);
    // Whatever is called current has a beginning that a power cut cannot take away.
    await next.file.commit();
    this.#disk.rename(join(this.folder, CURRENT), join(this.folder, name));
    this.#disk.rename(join(this.folder, NEXT), join(this.folder, CURRENT));
    await this.#disk.syncFolder(this.folder);
    old.file.close();
    this.#rotations++;
    for (const watcher of this.#watchers) watcher.rotated(old, name);
    this.#options.onRotated?.(name);
  }

  #task(work: () => Promise<void>): Promise<void> {
    const done = this.#tasks.then(async () => {
      if (this.#failure !== undefined) throw this.#failure.error;
      try {
        await work();
      } catch (error) {
        this.#fail(error, true);
        throw error;
      }
    });
    this.#tasks = done.catch(ignore);
    return done;
  }

  /** Does what may meet a full disk; `undefined` if it did. */
  #guarded<Value>(work: () => Value): Value | undefined {
    try {
      return work();
    } catch (error) {
      if (!isStorageTrouble(error)) throw error;
      this.#fail(error, false);
      return undefined;
    }
  }

  // After a failed sync nobody knows what is on the disk, so what was not committed counts as lost and is not touched again.
  #fail(error: unknown, isSync: boolean): void {
    if (this.#failure !== undefined) return;
    const { file, totals, index } = this.#file;
    const kept = isSync ? file.committed : file.now;
    const failed = error instanceof Error ? error : new Error(String(error));
    this.#failure = { error: failed, lostBatches: totals.batches - kept.batches };
    index.cut(file.end);
    for (const timer of [this.#writeTimer, this.#commitTimer, this.#rotateTimer])
      clearTimeout(timer);
    const { lostBatches } = this.#failure;
    this.#options.onNotice?.(`recording stopped, ${lostBatches} batches lost: ${messageOf(error)}`);
    for (const listener of this.#failureListeners) listener(this.#failure);
    // What is whole in the file is made safe if the disk still takes 64 bytes.
    if (!isSync && !file.isClosed)
      this.#tasks = this.#tasks.then(() => file.commit()).catch(ignore);
  }

  #broken(): Error {
    return this.#failure?.error ?? new StorageError("recording has stopped");
  }
}

const isStorageTrouble = (error: unknown): boolean =>
  error instanceof StorageError || (error instanceof Error && "syscall" in error);

const ignore = (): void => {};

const lastStampOf = ({ file }: ArchiveFileWriter): Micros | null => {
  const stamp = Math.max(file.now.lastStamp, file.header.floor);
  return stamp === 0 ? null : micros(stamp);
};

/** Shards have folders of their own, named by their index. */
export const shardFolder = ({
  directory,
  shard,
}: Pick<ArchiveWriterOptions, "directory" | "shard">): string =>
  shard === undefined || shard.count < 2 ? directory : join(directory, String(shard.index));

/** The first file of an archive, or the one that goes on after a file that is not written any more. */
async function firstFile(
  options: ArchiveWriterOptions,
  folder: string,
  heritage: Heritage | undefined,
): Promise<ArchiveFileWriter> {
  const { disk = systemDisk, clock = systemArchiveClock, codec = "deflate", source } = options;
  const floor =
    heritage === undefined
      ? micros(0)
      : micros(Math.max(heritage.lastStamp, heritage.header.floor));
  const header: FileHeader = {
    fileId: randomBytes(16),
    archiveId: heritage?.header.archiveId ?? randomBytes(16),
    created: micros(Math.max(floor, clock.wall())),
    floor,
    number: heritage === undefined ? 0 : heritage.header.number + 1,
    shard: options.shard ?? { index: 0, count: 1 },
    previous: heritage?.name ?? "",
    writer: WRITER_NAME,
  };
  const writer = ArchiveFileWriter.begin({
    disk,
    path: join(folder, NEXT),
    header,
    codec,
    source,
    paths: heritage?.paths ?? new PathTable(),
    ...(heritage === undefined ? {} : { state: heritage }),
  });
  heritage?.close();
  await writer.file.commit();
  disk.rename(join(folder, NEXT), join(folder, CURRENT));
  await disk.syncFolder(folder);
  return writer;
}
