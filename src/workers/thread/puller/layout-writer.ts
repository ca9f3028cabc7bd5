// Writes what is pulled as blobs of an OCI image layout, while it is received. Writing blocks the thread: it is asked for by
// `--save` alone, and the report says so.
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
import { makeFolder } from "../../../core/folder.ts";
import type { SavedManifest } from "../../pull-messages.ts";

/** A blob on its way. */
export class LayoutFile {
  readonly #draft: string;
  readonly #path: string;
  #descriptor: number;
  #at = 0;

  constructor(path: string, draft: string) {
    this.#path = path;
    this.#draft = draft;
    this.#descriptor = openSync(draft, "w");
  }

  write(buffer: Buffer, from: number, to: number): void {
    if (this.#descriptor < 0) return;
    for (let at = from; at < to; )
      at += writeSync(this.#descriptor, buffer, at, to - at, this.#at + at - from);
    this.#at += to - from;
  }

  /** The server sends it from its beginning again. */
  restart(): void {
    this.#at = 0;
    if (this.#descriptor >= 0) ftruncateSync(this.#descriptor, 0);
  }

  /** Complete: it gets its name. */
  keep(): void {
    if (this.#descriptor < 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
    renameSync(this.#draft, this.#path);
  }

  /** Not to be completed: nothing of it stays. */
  drop(): void {
    if (this.#descriptor < 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
    rmSync(this.#draft, { force: true });
  }
}

export class LayoutWriter {
  readonly #root: string;
  readonly #thread: number;
  /** By image: the newest one. */
  readonly #saved = new Map<number, SavedManifest>();
  #drafts = 0;

  constructor(root: string, thread: number) {
    this.#root = root;
    this.#thread = thread;
  }

  /** `undefined` where the blob is there already. */
  open(digest: string): LayoutFile | undefined {
    const [algorithm = "", hex = ""] = digest.split(":");
    const path = join(this.#root, "blobs", algorithm, hex);
    if (existsSync(path)) return undefined;
    makeFolder(dirname(path));
    return new LayoutFile(path, `${path}.${this.#thread}-${this.#drafts++}.part`);
  }

  /** `image` = -1 for what an index leads to: only the first manifest of an image is named in the layout's index. */
  saveManifest(
    body: Buffer,
    { image, digest, mediaType }: { image: number; digest: string; mediaType: string },
  ): void {
    const file = this.open(digest);
    file?.write(body, 0, body.length);
    file?.keep();
    if (image >= 0) this.#saved.set(image, { image, mediaType, digest, size: body.length });
  }

  get saved(): SavedManifest[] {
    return [...this.#saved.values()];
  }
}
