// What the exchanges prove about the content of the registry, as events of the archive:
//
//   /$registry/tags/<name>/<tag>    {"digest", "media_type", "size"}
//   /$registry/blobs/<digest>       {"size", "names": [repositories]}
//
//   evidence                                         becomes
//   manifest GET or HEAD 200, PUT 201, by tag        tag
//   blob GET or HEAD 200 (206: size from the range)  blob and name
//   upload 201, mount 201                            blob and name
//   DELETE 202 of a tag                              tag removed
//   DELETE 202 of a manifest                         tags of the repository that led to it removed
//   DELETE 202 of a blob                             name taken off the blob, blob removed with its last name
//   404 of a known tag, asked for with its type      tag removed
//
// An event is made only when something changed. The state takes some 200 bytes per tag or blob.
import type { ArchiveEvent } from "../../archive/event.ts";

export type TagState = {
  readonly digest: string;
  readonly media_type: string | null;
  readonly size: number | null;
};

/** Names of a blob beyond these are not written: a layer that everybody has would fill the archive with its names. */
const NAMES_MAX = 1000;

const TAGS = "/$registry/tags/";
const BLOBS = "/$registry/blobs/";

type BlobState = { size: number | null; readonly names: Set<string> };

export class RegistryImage {
  /** By repository, then by tag. */
  readonly #tags = new Map<string, Map<string, TagState>>();
  readonly #blobs = new Map<string, BlobState>();

  /** `known`: JSON texts by path, as an archive holds them. What cannot be read is left out. */
  constructor(known: Iterable<readonly [path: string, json: string]> = []) {
    for (const [path, json] of known) this.#restore(path, json);
  }

  tag(name: string, tag: string): TagState | undefined {
    return this.#tags.get(name)?.get(tag);
  }

  blobSize(digest: string): number | null {
    return this.#blobs.get(digest)?.size ?? null;
  }

  tagsOf(name: string): string[] {
    return [...(this.#tags.get(name)?.keys() ?? [])];
  }

  names(): string[] {
    return [...this.#tags.keys()];
  }

  setTag(name: string, tag: string, state: TagState): ArchiveEvent[] {
    const known = this.tag(name, tag);
    const next = { ...state, size: state.size ?? sizeOfSame(known, state) };
    if (known !== undefined && isSame(known, next)) return [];
    const tags = this.#tags.get(name) ?? new Map<string, TagState>();
    this.#tags.set(name, tags.set(tag, next));
    return [jsonEvent(`${TAGS}${name}/${tag}`, next)];
  }

  removeTag(name: string, tag: string): ArchiveEvent[] {
    const tags = this.#tags.get(name);
    if (tags?.delete(tag) !== true) return [];
    if (tags.size === 0) this.#tags.delete(name);
    return [{ kind: "removed", path: `${TAGS}${name}/${tag}` }];
  }

  removeManifest(name: string, digest: string): ArchiveEvent[] {
    const led = [...(this.#tags.get(name) ?? [])].filter(([, state]) => state.digest === digest);
    return led.flatMap(([tag]) => this.removeTag(name, tag));
  }

  addBlob(name: string, digest: string, size: number | null): ArchiveEvent[] {
    const blob = this.#blobs.get(digest) ?? { size: null, names: new Set<string>() };
    const isNewName = !blob.names.has(name) && blob.names.size < NAMES_MAX;
    const isNewSize = size !== null && blob.size !== size;
    if (!isNewName && !isNewSize) return [];
    if (isNewName) blob.names.add(name);
    if (isNewSize) blob.size = size;
    this.#blobs.set(digest, blob);
    return [blobEvent(digest, blob)];
  }

  removeBlob(name: string, digest: string): ArchiveEvent[] {
    const blob = this.#blobs.get(digest);
    if (blob?.names.delete(name) !== true) return [];
    if (blob.names.size > 0) return [blobEvent(digest, blob)];
    this.#blobs.delete(digest);
    return [{ kind: "removed", path: `${BLOBS}${digest}` }];
  }

  #restore(path: string, json: string): void {
    const value = parsed(json);
    const size = typeof value.size === "number" ? value.size : null;
    if (path.startsWith(BLOBS)) {
      const names = Array.isArray(value.names) ? value.names : [];
      const texts = names.filter((name) => typeof name === "string");
      this.#blobs.set(path.slice(BLOBS.length), { size, names: new Set(texts) });
    } else if (path.startsWith(TAGS) && typeof value.digest === "string") {
      const { name, tag } = tagPath(path);
      const media_type = typeof value.media_type === "string" ? value.media_type : null;
      this.setTag(name, tag, { digest: value.digest, media_type, size });
    }
  }
}

function tagPath(path: string): { readonly name: string; readonly tag: string } {
  const at = path.lastIndexOf("/");
  return { name: path.slice(TAGS.length, at), tag: path.slice(at + 1) };
}

const sizeOfSame = (known: TagState | undefined, { digest }: TagState): number | null =>
  known?.digest === digest ? known.size : null;

const isSame = (one: TagState, other: TagState): boolean =>
  one.digest === other.digest && one.media_type === other.media_type && one.size === other.size;

const blobEvent = (digest: string, { size, names }: BlobState): ArchiveEvent =>
  jsonEvent(`${BLOBS}${digest}`, { size, names: [...names] });

const jsonEvent = (path: string, value: object): ArchiveEvent => ({
  kind: "json",
  path,
  json: Buffer.from(JSON.stringify(value)),
});

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
