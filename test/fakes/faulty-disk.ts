// A disk in memory that can be full, broken, or lose power. Between syncs it remembers every write, so that a crash image
// can keep, drop or tear each of them, and everything that was done to names, of which a crash image keeps the first so many.
import type { ArchiveDisk, DiskFile } from "../../src/archive/archive-disk.ts";

type Names = Map<string, Content>;
type Write = { readonly at: number; readonly bytes: Buffer };

class Content {
  /** What survived the last sync. */
  safe: Buffer = Buffer.alloc(0);
  /** What the process sees. */
  now: Buffer = Buffer.alloc(0);
  unsafe: Write[] = [];
}

const fault = (code: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: made by the test`), { code, syscall: "write" });

export class FaultyDisk implements ArchiveDisk {
  readonly files: Names = new Map();
  #safeNames: Names = new Map();
  #unsafeSteps: ((names: Names) => void)[] = [];
  /** Bytes that may still be written. */
  space = Number.POSITIVE_INFINITY;
  /** At most so many bytes per write. */
  writeMax = Number.POSITIVE_INFINITY;
  syncFault: string | undefined;
  /** Syncs take until this is kept. */
  syncing: Promise<void> | undefined;
  /** Throws ENOSPC for writes at these offsets. */
  refuses: ((at: number, length: number) => boolean) | undefined;

  makeFolder(): void {}

  list(folder: string): string[] {
    return [...this.files.keys()]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1));
  }

  open(path: string, how: "read" | "write" | "create"): DiskFile {
    const known = this.files.get(path);
    if (how === "create" ? known !== undefined : known === undefined)
      throw fault(how === "create" ? "EEXIST" : "ENOENT");
    const content = known ?? new Content();
    if (how === "create") this.#toNames((names) => names.set(path, content));
    return new FaultyFile(this, content);
  }

  readText(path: string): string {
    return this.files.get(path)?.now.toString() ?? "";
  }

  rename(from: string, to: string): void {
    const content = this.files.get(from);
    if (content === undefined) throw fault("ENOENT");
    this.#toNames((names) => {
      names.delete(from);
      names.set(to, content);
    });
  }

  remove(path: string): void {
    this.#toNames((names) => names.delete(path));
  }

  async syncFolder(): Promise<void> {
    this.#safeNames = new Map(this.files);
    this.#unsafeSteps = [];
  }

  #toNames(step: (names: Names) => void): void {
    step(this.files);
    this.#unsafeSteps.push(step);
  }

  /**
   * The disk after a power cut: `fate` decides about each write since the last sync, giving the bytes of it that got there. `share` of what was
   * done to names since the last sync of the folder got there, in its order.
   */
  afterPowerCut(fate: (write: Write) => number, share = 1): FaultyDisk {
    const disk = new FaultyDisk();
    const names = new Map(this.#safeNames);
    const kept = Math.round(this.#unsafeSteps.length * share);
    for (const step of this.#unsafeSteps.slice(0, kept)) step(names);
    for (const [path, content] of names) {
      const survivor = new Content();
      survivor.safe = Buffer.from(content.safe);
      for (const write of content.unsafe)
        survivor.safe = patched(survivor.safe, write.at, write.bytes.subarray(0, fate(write)));
      survivor.now = Buffer.from(survivor.safe);
      disk.files.set(path, survivor);
    }
    disk.#safeNames = new Map(disk.files);
    return disk;
  }
}

class FaultyFile implements DiskFile {
  readonly #disk: FaultyDisk;
  readonly #content: Content;

  constructor(disk: FaultyDisk, content: Content) {
    this.#disk = disk;
    this.#content = content;
  }

  read(into: Uint8Array, at: number): number {
    const bytes = this.#content.now.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  write(bytes: Uint8Array, at: number): number {
    const disk = this.#disk;
    if (disk.refuses?.(at, bytes.length) === true) throw fault("ENOSPC");
    const content = this.#content;
    const inPlace = Math.max(0, Math.min(bytes.length, content.now.length - at));
    const count = Math.min(bytes.length, disk.writeMax, inPlace + disk.space);
    if (count === 0) throw fault("ENOSPC");
    disk.space -= Math.max(0, count - inPlace);
    const part = Buffer.from(bytes.subarray(0, count));
    content.now = patched(content.now, at, part);
    content.unsafe.push({ at, bytes: part });
    return count;
  }

  size(): number {
    return this.#content.now.length;
  }

  truncate(size: number): void {
    this.#content.now = Buffer.from(this.#content.now.subarray(0, size));
  }

  async dataSync(): Promise<void> {
    if (this.#disk.syncing !== undefined) await this.#disk.syncing;
    if (this.#disk.syncFault !== undefined) throw fault(this.#disk.syncFault);
    this.#content.safe = Buffer.from(this.#content.now);
    this.#content.unsafe = [];
  }

  close(): void {}
}

function patched(before: Buffer, at: number, bytes: Uint8Array): Buffer {
  // Of this write nothing got there, and perhaps not what lies before it either.
  if (bytes.length === 0) return before;
  const after = Buffer.alloc(Math.max(before.length, at + bytes.length));
  before.copy(after);
  after.set(bytes, at);
  return after;
}
