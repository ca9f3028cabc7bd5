import { DrayageError } from "../core/errors.ts";

/** Bytes that cannot be what a writer wrote. Readers tell it as a gap and go on; `verify` lists it. */
export class ArchiveDamage extends DrayageError {
  override readonly name = "ArchiveDamage";

  constructor(message: string, options?: ErrorOptions) {
    super("archive-damaged", message, options);
  }
}

/** A file that asks for more than this version knows. */
export class NewerVersion extends DrayageError {
  override readonly name = "NewerVersion";

  constructor(what: string) {
    super("archive-version", `${what}: written by a newer version of drayage`);
  }
}

/** Nothing of the batch was written. */
export class RecordTooLarge extends DrayageError {
  override readonly name = "RecordTooLarge";

  constructor(message: string) {
    super("record-too-large", message);
  }
}

/** The disk refused: full, broken, gone. Recording stops. */
export class StorageError extends DrayageError {
  override readonly name = "StorageError";

  constructor(message: string, options?: ErrorOptions) {
    super("storage", message, options);
  }
}

/** The disk's trouble rather than a mistake of ours: a StorageError, or an error of the system. */
export const isStorageTrouble = (error: unknown): boolean =>
  error instanceof StorageError || (error instanceof Error && "syscall" in error);
