import { join } from "node:path";
import { DrayageError, invariant, messageOf } from "../core/errors.ts";
import { type Micros, micros } from "../core/units.ts";
import { type ArchiveDisk, systemDisk } from "./archive-disk.ts";
import { isStorageTrouble, StorageError } from "./archive-errors.ts";
import type { ArchiveFileWriter } from "./archive-file-writer.ts";
import { type ArchiveLock, takeLock } from "./archive-lock.ts";
import type { ArchiveEvent, Gap } from "./event.ts";
import { CURRENT, fileName, NEXT } from "./file-name.ts";
import { nextFile, openFile, shardFolder } from "./first-file.ts";
import { PENDING_BYTES_MAX } from "./growing-file.ts";
import { StampClock, systemArchiveClock } from "./stamp-clock.ts";
import { limitsOf, type WriterLimits } from "./writer-limits.ts";
import type { ArchiveWriterOptions, WriterFailure, WriterState } from "./writer-options.ts";
import { failureOf, stateOf, type WriterWatcher } from "./writer-state.ts";
import { WriterTimers } from "./writer-timers.ts";

/** Appending waits for the disk once so many times the flush limit is uncommitted. */
const ROOM_FLUSHES = 2;

/** The one writer of an archive directory (and shard). */
export class ArchiveWriter {
  /** Where the files are: the directory, or the shard's folder in it. */
  readonly folder: string;
  readonly #options: ArchiveWriterOptions;
  readonly #limits: WriterLimits;
  readonly #disk: ArchiveDisk;
  readonly #lock: ArchiveLock;
  readonly #stamps: StampClock;
  readonly #watchers = new Set<WriterWatcher>();
  readonly #failureListeners: ((failure: WriterFailure) => void)[] = [];
  #file: ArchiveFileWriter;
  /** The file before it, until its seal is committed. */
  #sealing: ArchiveFileWriter | undefined;
  /** Commits, rotations and the end happen one after the other. */
  #tasks: Promise<void> = Promise.resolve();
  #commit: Promise<void> | undefined;
  #rotation: Promise<string> | undefined;
  #failure: WriterFailure | undefined;
  #lostLater = 0;
  #rotations = 0;
  #commits = 0;
  #isClosed = false;
  readonly #timers: WriterTimers;

  private constructor(
    options: ArchiveWriterOptions,
    { folder, lock, file }: { folder: string; lock: ArchiveLock; file: ArchiveFileWriter },
  ) {
    this.#options = options;
    this.folder = folder;
    this.#lock = lock;
    this.#file = file;
    this.#disk = options.disk ?? systemDisk;
    this.#limits = limitsOf(options);
    this.#stamps = new StampClock(
      options.clock ?? systemArchiveClock,
      micros(Math.max(file.stamp, file.file.header.floor)),
    );
    const { flushInterval, rotateInterval } = this.#limits;
    this.#timers = new WriterTimers({
      flushInterval,
      rotateInterval,
      write: () => {
        if (!this.#file.file.isClosed) this.#guarded(() => this.#file.file.flush());
      },
      commit: () => this.#commitSoon(),
      rotate: () => void this.rotate().catch(ignore),
    });
  }

  /**
   * Makes the folder, takes the lock, recovers what a crash left. UsageError `archive in use by pid N on HOST` for a second
   * writer; StorageError where the disk refuses.
   */
  static async open(options: ArchiveWriterOptions): Promise<ArchiveWriter> {
    const { disk = systemDisk, onNotice = ignore, breakLock = false } = options;
    const folder = shardFolder(options);
    let lock: ArchiveLock | undefined;
    try {
      disk.makeFolder(folder);
      lock = takeLock(folder, { breakLock, onNotice });
      const file = await openFile(options, folder);
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

  /** A remark for whoever reads the file. */
  note(note: Readonly<Record<string, unknown>>): void {
    if (this.#failure !== undefined) return;
    this.#file.meta({ note }, this.#stamps.next());
    this.#afterAdding();
  }

  /** Undefined while there is room; else resolves once the disk has caught up with what is uncommitted. */
  room(): Promise<void> | undefined {
    const [{ flushBytes }, { file }] = [this.#limits, this.#file];
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
    this.#timers.end();
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
    return stateOf(this.#file, {
      path: join(this.folder, CURRENT),
      rotations: this.#rotations,
      commits: this.#commits,
      lostLater: this.#lostLater,
      failure: this.#failure,
    });
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
    this.#timers.added();
    if (flushBytes > 0 && file.end - file.committed.length >= flushBytes) this.#commitSoon();
    if (rotateBytes > 0 && file.end >= rotateBytes && this.#rotation === undefined)
      void this.rotate().catch(ignore);
  }

  // One at a time: what is added meanwhile asks again.
  #commitSoon(): void {
    const done = (): void => {
      this.#commit = undefined;
    };
    this.#commit ??= this.commit().then(done, done);
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
    const next = this.#guarded(() => {
      const created = this.#stamps.previous;
      this.#stamps.takeOrigin();
      return nextFile(this.#options, { old, folder: this.folder, created, previous: name });
    });
    if (sealAt === undefined || next === undefined)
      throw new StorageError(`recording has stopped: ${this.state().failure}`);
    this.#sealing = old;
    this.#file = next;
    for (const watcher of this.#watchers) watcher.began(next);
    await this.#task(() => this.#finish(old, { next, sealAt, name }));
    return name;
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
    this.#sealing = undefined;
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

  #fail(error: unknown, isSync: boolean): void {
    if (this.#failure !== undefined) return;
    this.#failure = failureOf(error, { file: this.#file, sealing: this.#sealing, isSync });
    this.#timers.end();
    const { lostBatches: lost } = this.#failure;
    this.#options.onNotice?.(`recording stopped, ${lost} batches lost: ${messageOf(error)}`);
    for (const listener of this.#failureListeners) listener(this.#failure);
    // What is whole in the file is made safe if the disk still takes 64 bytes.
    const { file } = this.#file;
    if (!isSync) this.#tasks = this.#tasks.then(() => file.commit()).catch(ignore);
  }
}

const ignore = (): void => {};
