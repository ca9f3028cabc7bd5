// Writes what is pulled as blobs of an OCI image layout, while it is received. Writing blocks the thread: it is asked for by
// `--save` alone, and the report says so. A disk that fails does so in the callback of a socket: the ramp goes on, nothing
// more is written, and what is missing is counted.
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../../core/errors.ts";
import { makeFolder } from "../../../core/folder.ts";
import { layoutPath } from "../../../registry/image-layout.ts";
import type { SavedManifest, Unsaved } from "../../pull-messages.ts";

/** A blob on its way. */
export class LayoutFile {
  readonly #draft: string;
  readonly #path: string;
  #descriptor: number;
  readonly #lost: (error: unknown) => void;
  #at = 0;

  /** Throws where the file cannot be opened; later `lost` is told, once, of a disk that fails. */
  constructor(path: string, draft: string, lost: (error: unknown) => void) {
    this.#path = path;
    this.#draft = draft;
    this.#lost = lost;
    this.#descriptor = openSync(draft, "w");
  }

  write(buffer: Buffer, from: number, to: number): void {
    if (this.#descriptor < 0) return;
    try {
      for (let at = from; at < to; )
        at += writeSync(this.#descriptor, buffer, at, to - at, this.#at + at - from);
      this.#at += to - from;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The server sends it from its beginning again. */
  restart(): void {
    this.#at = 0;
    try {
      if (this.#descriptor >= 0) ftruncateSync(this.#descriptor, 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Complete: it gets its name. False where it did not. */
  keep(): boolean {
    if (this.#descriptor < 0) return false;
    try {
      const descriptor = this.#descriptor;
      this.#descriptor = -1;
      closeSync(descriptor);
      renameSync(this.#draft, this.#path);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Not to be completed: nothing of it stays. */
  drop(): void {
    if (this.#descriptor >= 0) this.#discard();
  }

  #fail(error: unknown): void {
    this.#discard();
    this.#lost(error);
  }

  /** A file system that does not even do this has said why before, or will at the next file. */
  #discard(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    try {
      if (descriptor >= 0) closeSync(descriptor);
      rmSync(this.#draft, { force: true });
    } catch {
      // What is left of a draft is named as one.
    }
  }
}

export class LayoutWriter {
  readonly #root: string;
  readonly #thread: number;
  /** By image: the newest one. */
  readonly #saved = new Map<number, SavedManifest>();
  #drafts = 0;
  #unsaved: { count: number; readonly why: string } | undefined;

  constructor(root: string, thread: number) {
    this.#root = root;
    this.#thread = thread;
  }

  /** `undefined` where the blob is there already, or cannot be written. */
  open(digest: string): LayoutFile | undefined {
    const path = this.#pathOf(digest);
    if (existsSync(path)) return undefined;
    if (this.#unsaved !== undefined) {
      this.#unsaved.count++;
      return undefined;
    }
    const lost = (error: unknown): void => this.#lose(path, error);
    try {
      makeFolder(dirname(path));
      return new LayoutFile(path, `${path}.${this.#thread}-${this.#drafts++}.part`, lost);
    } catch (error) {
      lost(error);
      return undefined;
    }
  }

  #pathOf(digest: string): string {
    return join(this.#root, layoutPath(digest));
  }

  #lose(path: string, error: unknown): void {
    this.#unsaved ??= { count: 0, why: `cannot write ${path}: ${messageOf(error)}` };
    this.#unsaved.count++;
  }

  /** `image` = -1 for what an index leads to: only the first manifest of an image is named in the layout's index. */
  saveManifest(
    body: Buffer,
    { image, digest, mediaType }: { image: number; digest: string; mediaType: string },
  ): void {
    const file = this.open(digest);
    file?.write(body, 0, body.length);
    const isThere = file === undefined ? existsSync(this.#pathOf(digest)) : file.keep();
    if (image >= 0 && isThere)
      this.#saved.set(image, { image, mediaType, digest, size: body.length });
  }

  get saved(): SavedManifest[] {
    return [...this.#saved.values()];
  }

  /** What the disk did not take, each time that it was pulled. */
  get unsaved(): Unsaved | null {
    return this.#unsaved ?? null;
  }
}
