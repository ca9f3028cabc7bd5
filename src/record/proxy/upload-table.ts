import { type RegistryPath, registryPath } from "./registry-path.ts";

/** One upload under way: its hashed identifier, its repository, and the bytes it has so far. */
export type Upload = { readonly session: string; readonly name: string; bytes: number };

/** Uploads that are never finished push out the oldest ones. */
const UPLOADS_MAX = 10_000;

/**
 * Uploads that were opened through the proxy. Some registries put them at addresses of their own, which are known only from
 * the answer that opened them.
 */
export class UploadTable {
  readonly #uploads = new Map<string, Upload>();
  /** By the path that such a registry gave; its last one counts. */
  readonly #places = new Map<string, Upload>();
  readonly #hash: (identifier: string) => string;

  constructor(hash: (identifier: string) => string) {
    this.#hash = hash;
  }

  /** What a path means: uploads at addresses of their own are uploads, too. */
  read(path: string): RegistryPath {
    const usual = registryPath(path);
    const upload = usual.kind === "other" ? this.#places.get(path) : undefined;
    if (upload === undefined) return usual;
    return { kind: "upload", name: upload.name, reference: path };
  }

  sessionOf(path: RegistryPath): string {
    return this.#places.get(path.reference)?.session ?? this.#hash(path.reference);
  }

  find(session: string): Upload | undefined {
    return this.#uploads.get(session);
  }

  /** The answer of an upload leads to `place`, a path; gives the upload. */
  moved(place: string, { name, session }: { name: string; session?: string }): Upload {
    const usual = registryPath(place);
    const own = session ?? this.#hash(usual.kind === "upload" ? usual.reference : place);
    const upload = this.#uploads.get(own) ?? { session: own, name, bytes: 0 };
    remember(this.#uploads, own, upload);
    if (usual.kind !== "upload") remember(this.#places, place, upload);
    return upload;
  }

  ended(session: string, path: string): void {
    this.#uploads.delete(session);
    this.#places.delete(path);
  }
}

function remember(table: Map<string, Upload>, key: string, upload: Upload): void {
  table.delete(key);
  table.set(key, upload);
  if (table.size <= UPLOADS_MAX) return;
  for (const oldest of table.keys()) {
    table.delete(oldest);
    return;
  }
}
