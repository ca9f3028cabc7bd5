import { invariant } from "../core/errors.ts";
import type { Micros } from "../core/units.ts";
import type { ArchiveEvent, Gap } from "./event.ts";
import type { ArchiveWriterOptions, WriterFailure, WriterState } from "./writer-options.ts";

/** The one writer of an archive directory (and shard). Signatures; the body follows. */
export class ArchiveWriter {
  /**
   * Makes the folder, takes the lock, recovers what a crash left. UsageError `archive in use by pid N on HOST` for a second
   * writer; DrayageError `storage` where the disk refuses.
   */
  static open(_options: ArchiveWriterOptions): Promise<ArchiveWriter> {
    return todo();
  }
  /**
   * Writes one batch and gives its stamp; readers in this process see it when this returns. `null`: recording has stopped
   * (see onFailure), the batch is counted as lost. RecordTooLarge for a batch of 2 GiB, of which nothing is written.
   */
  append(_events: readonly ArchiveEvent[]): Micros | null {
    return todo();
  }
  /** Tells readers that something is missing here. */
  gap(_gap: Omit<Gap, "kind">): void {
    todo();
  }
  /** A remark of the source for whoever reads the file: any JSON object. */
  note(_note: Readonly<Record<string, unknown>>): void {
    todo();
  }
  /** Undefined while there is room; else resolves once the disk has caught up with what is uncommitted. */
  room(): Promise<void> | undefined {
    return todo();
  }
  /** Once this resolves, a power cut cannot take away anything appended before the call. Rejects once recording stopped. */
  commit(): Promise<void> {
    return todo();
  }
  /** Seals the file and goes on in a new one; gives the name of the sealed file. Appending goes on meanwhile. */
  rotate(): Promise<string> {
    return todo();
  }
  /** Commits and gives the lock back; a writer that has failed gives back the lock only. */
  close(): Promise<void> {
    return todo();
  }
  /** Called once, with the batches lost. At once if recording has stopped already. */
  onFailure(_listener: (failure: WriterFailure) => void): void {
    todo();
  }
  state(): WriterState {
    return todo();
  }
}

function todo(): never {
  invariant(false, "the body follows");
}
