import { join } from "node:path";
import { invariant, messageOf } from "../core/errors.ts";
import { type Micros, micros, millis } from "../core/units.ts";
import { isStorageTrouble, StorageError } from "./archive-errors.ts";
import type { ArchiveFileWriter } from "./archive-file-writer.ts";
import type { ArchiveLock } from "./archive-lock.ts";
import type { ArchiveEvent, Gap } from "./event.ts";
import { CURRENT, fileName } from "./file-name.ts";
import { type OpenedArchive, openArchive } from "./first-file.ts";
import { finishTurn, turnOver } from "./rotation.ts";
import { SlicedWork, type Steps } from "./sliced-work.ts";
import { StampClock, systemArchiveClock } from "./stamp-clock.ts";
import { waitingBatch } from "./waiting-batch.ts";
import { limitsOf, type WriterLimits } from "./writer-limits.ts";
import type { ArchiveWriterOptions, WriterFailure, WriterState } from "./writer-options.ts";
import { checkHeld, failureOf, stateOf, type WriterWatcher } from "./writer-state.ts";
import { WriterTimers } from "./writer-timers.ts";

/** Appending waits for the disk once so many times the flush limit is uncommitted. */
const ROOM_FLUSHES = 2;

/** The one writer of an archive directory (and shard). */
export class ArchiveWriter {
  /** Where the files are: the directory, or the shard's folder in it. */
  readonly folder: string;
  readonly #options: ArchiveWriterOptions;
  readonly #limits: WriterLimits;
  readonly #lock: ArchiveLock;
  readonly #stamps: StampClock;
  readonly #watchers = new Set<WriterWatcher>();
  readonly #failureListeners: ((failure: WriterFailure) => void)[] = [];
  #file: ArchiveFileWriter;
  /** The file before it, until its seal is committed. */
  #sealing: ArchiveFileWriter | undefined;
  /** Commits, rotations and the end happen one after the other. */
  #tasks: Promise<void> = Promise.resolve();
  #rotation: Promise<string> | undefined;
  /** The end of the last rotation: from then on its new file is current. */
  #turned: Promise<void> | undefined;
  #failure: WriterFailure | undefined;
  #lostLater = 0;
  #rotations = 0;
  #commits = 0;
  #isClosed = false;
  readonly #timers: WriterTimers;
  /** Images and new files; what is appended meanwhile comes behind them. */
  readonly #work: SlicedWork;

  private constructor(options: ArchiveWriterOptions, { folder, lock, file }: OpenedArchive) {
    this.#options = options;
    this.folder = folder;
    this.#lock = lock;
    this.#file = file;
    this.#limits = limitsOf(options);
    const { clock = systemArchiveClock } = options;
    const { header } = file.file;
    this.#stamps = new StampClock(clock, micros(Math.max(file.stamp, header.floor)));
    const { flushInterval, rotateInterval, slice } = this.#limits;
    this.#work = new SlicedWork({ slice, onError: (error) => this.#onTrouble(error) });
    this.#timers = new WriterTimers({
      flushInterval,
      rotateInterval,
      age: millis((clock.wall() - header.created) / 1000),
      write: () => this.#write(),
      commit: () => this.commit(),
      rotate: () => void this.rotate().catch(ignore),
    });
  }

  /** UsageError `archive in use by pid N on HOST` for a second writer; StorageError where the disk refuses. */
  static async open(options: ArchiveWriterOptions): Promise<ArchiveWriter> {
    return new ArchiveWriter(options, await openArchive(options));
  }

  /**
   * Writes one batch and gives its stamp; readers in this process see it when this returns, or, where a large image or a new file
   * is being written, behind that. `null`: recording has stopped (see onFailure), the batch is counted as lost. RecordTooLarge
   * for a batch of 2 GiB, of which nothing is written.
   */
  append(events: readonly ArchiveEvent[]): Micros | null {
    invariant(!this.#isClosed, "nothing is appended to a closed archive");
    if (this.#failure !== undefined) {
      this.#lostLater++;
      return null;
    }
    const stamp = this.#stamps.next();
    if (this.#work.isBusy) {
      const write = (own: typeof events) => this.#behind(() => this.#file.batch(stamp, own));
      this.#work.add(waitingBatch(events, write));
      return stamp;
    }
    this.#add(() => this.#file.batch(stamp, events));
    return this.#failure !== undefined && this.#file.file.now.lastStamp < stamp ? null : stamp;
  }

  /** Tells readers that something is missing here. */
  gap(gap: Omit<Gap, "kind">): void {
    const stamp = this.#stamps.next();
    this.#add(() => this.#file.gap(gap, stamp));
  }

  /** A remark for whoever reads the file. */
  note(note: Readonly<Record<string, unknown>>): void {
    const stamp = this.#stamps.next();
    this.#add(() => this.#file.meta({ note }, stamp));
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
    // What waits for a new file is safe only once that one is current.
    if (this.#work.isBusy) return this.#work.idle.then(() => this.commit());
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
      this.#work.hurry();
      await this.#rotation?.catch(ignore);
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

  #add(write: () => void): void {
    if (this.#failure !== undefined) return;
    if (this.#work.isBusy) {
      this.#work.add({ bytes: 0, batches: 0, run: () => this.#behind(write) });
      return;
    }
    const image = this.#put(write);
    if (image !== undefined) void this.#work.begin(image);
    this.#afterAdding();
  }

  *#behind(write: () => void): Steps {
    const image = this.#put(write);
    if (image !== undefined) yield* image;
    this.#afterAdding();
  }

  /** Gives the image that is due behind it, if one is. */
  #put(write: () => void): Steps | undefined {
    const writer = this.#file;
    write();
    this.#guarded(() => writer.relieve());
    return this.#failure === undefined ? writer.imageDue(this.#limits.imageBytes) : undefined;
  }

  #afterAdding(): void {
    for (const watcher of this.#watchers) watcher.grown();
    if (this.#failure !== undefined) return;
    const { flushBytes, rotateBytes } = this.#limits;
    const { file } = this.#file;
    this.#timers.added();
    if (flushBytes > 0 && file.end - file.committed.length >= flushBytes) this.#timers.commitSoon();
    const isFull = rotateBytes > 0 && file.end >= rotateBytes && this.#file.isWorthSealing;
    if (isFull && this.#rotation === undefined) void this.rotate().catch(ignore);
  }

  #write(): void {
    if (this.#file.file.isClosed) return;
    this.#guarded(() => checkHeld(this.#lock, this.folder, this.#options.disk), true);
    if (this.#failure === undefined) this.#guarded(() => this.#file.file.flush());
  }

  async #rotate(): Promise<string> {
    while (this.#work.isBusy) await this.#work.idle;
    if (this.#failure !== undefined) throw this.#failure.error;
    const name = fileName(this.#stamps.next());
    await this.#work.begin(this.#turnOver(name));
    if (this.#turned === undefined)
      throw new StorageError(`recording has stopped: ${this.state().failure}`);
    await this.#turned;
    return name;
  }

  *#turnOver(name: string): Steps {
    this.#turned = undefined;
    const { folder } = this;
    const place = { old: this.#file, folder, created: this.#stamps.previous, previous: name };
    this.#stamps.takeOrigin();
    const turned = yield* turnOver(this.#options, place);
    this.#sealing = place.old;
    this.#file = turned.next;
    for (const watcher of this.#watchers) watcher.began(turned.next);
    const onSealed = (): void => {
      this.#sealing = undefined;
    };
    this.#turned = this.#task(async () => {
      await finishTurn(this.#options, { ...place, ...turned, onSealed });
      this.#rotations++;
      this.#timers.rotated();
      for (const watcher of this.#watchers) watcher.rotated(place.old, name);
      this.#options.onRotated?.(name);
    });
    this.#turned.catch(ignore);
  }

  #task(work: () => Promise<void>): Promise<void> {
    const done = this.#tasks.then(async () => {
      if (this.#failure !== undefined) throw this.#failure.error;
      try {
        checkHeld(this.#lock, this.folder, this.#options.disk);
        await work();
      } catch (error) {
        this.#fail(error, true);
        throw error;
      }
    });
    this.#tasks = done.catch(ignore);
    return done;
  }

  /** Does what may meet a full disk, or one that is gone (`isSync`: what is not committed is lost by it). */
  #guarded(work: () => void, isSync = false): void {
    try {
      work();
    } catch (error) {
      this.#onTrouble(error, isSync);
    }
  }

  #onTrouble(error: unknown, isSync = false): void {
    if (!isStorageTrouble(error)) throw error;
    this.#fail(error, isSync);
  }

  #fail(error: unknown, isSync: boolean): void {
    if (this.#failure !== undefined) return;
    const waited = this.#work.drop();
    this.#failure = failureOf(error, { file: this.#file, sealing: this.#sealing, isSync, waited });
    this.#timers.end();
    const { lostBatches: lost } = this.#failure;
    const batches = lost === 1 ? "batch" : "batches";
    this.#options.onNotice?.(`recording stopped, ${lost} ${batches} lost: ${messageOf(error)}`);
    for (const listener of this.#failureListeners) listener(this.#failure);
    // What is whole in the file is made safe if the disk still takes 64 bytes.
    const { file } = this.#file;
    if (!isSync) this.#tasks = this.#tasks.then(() => file.commit()).catch(ignore);
  }
}

const ignore = (): void => {};
