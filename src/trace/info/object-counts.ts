// What a trace asks for and who asks: distinct hosts, clients, names, URIs, blobs, and how often each is fetched. Memory
// grows with these, some 100 bytes for each URI, not with records. Runs per record: budget 1 µs.
// Guarded by perf/trace-info.bench.ts.
import { Kind } from "../../core/operation.ts";
import { Column } from "./column.ts";
import { type Popularity, popularityOf } from "./popularity.ts";
import { type RankedKey, RankedKeys } from "./ranked-keys.ts";
import { Method, type RecordJudge, type TextSpan } from "./record-judge.ts";

const STATUS_OK = 200;
const STATUS_PARTIAL = 206;
const TOP = 10;
const NONE = -1;

/**
 * Bits of a URI: a record has told the size of the whole object, and a GET has, which is what a warm-up goes by; records differ in
 * it; a warm-up pushes it.
 */
const Flag = { wholeSize: 1, differing: 2, warm: 4, sureSize: 8 } as const;

export type DistinctFacts = {
  readonly hosts: number;
  readonly clients: number;
  readonly names: number;
  readonly manifests: number;
  readonly blobs: number;
  /** All URIs but those of uploads, which never come twice. */
  readonly uris: number;
  readonly fetchedBlobs: number;
  /** Fetched blobs that stand under more than one name. */
  readonly sharedBlobs: number;
  /** URIs of blobs and manifests whose records name more than one size. */
  readonly differingSizes: number;
  readonly top: Readonly<
    Record<"hosts" | "clients" | "names" | "manifests" | "blobs", readonly RankedKey[]>
  >;
};

export type PopularityFacts = {
  readonly blobs: Popularity;
  readonly manifests: Popularity;
  /** The commonest reference of manifest GETs. */
  readonly reference: (RankedKey & { readonly share: number }) | null;
  /** Blob GETs of known clients, and those of a blob that the same client had fetched before. */
  readonly clientBlobGets: number;
  readonly refetches: number;
};

/** Numbers of what the last record was about; -1 = nothing of that sort. */
export type RecordNumbers = { client: number; name: number; blob: number; uri: number };

export class ObjectCounts {
  readonly #hosts = new RankedKeys();
  readonly clients = new RankedKeys();
  readonly #names = new RankedKeys();
  readonly #blobs = new RankedKeys();
  readonly uris = new RankedKeys();
  readonly #references = new RankedKeys();
  // By URI.
  readonly #kinds = new Column("uint8");
  readonly #flags = new Column("uint8");
  readonly #sizes = new Column("float64");
  readonly #refStarts = new Column("uint32");
  readonly #uriGets = new Column("uint32");
  readonly #uriMethods = new Column("uint8");
  // By blob.
  readonly #blobGets = new Column("uint32");
  readonly #blobNames = new Column("uint8");
  readonly #blobMethods = new Column("uint8");
  // By name.
  readonly #nameBlobs = new Column("uint32");
  /** By client: bit 0 was seen with a user agent. */
  readonly #clientAgents = new Column("uint8");
  readonly last: RecordNumbers = { client: NONE, name: NONE, blob: NONE, uri: NONE };
  differingSizes = 0;
  sharedBlobs = 0;
  fetchedBlobs = 0;

  /** Counts a record; `kept` is whether a replay would send it. Returns whether its method asks for the whole object anew. */
  add(
    record: RecordJudge,
    { host, client }: { readonly host: TextSpan; readonly client: TextSpan },
    { kept, hasAgent }: { readonly kept: boolean; readonly hasAgent: boolean },
  ): boolean {
    const { last } = this;
    const { kind, method, uri } = record;
    const bytes = method <= Method.put ? record.size : 0;
    if (host.from !== NONE) this.#hosts.add(host.buffer, host.from, host.to, bytes);
    last.client =
      client.from === NONE ? NONE : this.clients.add(client.buffer, client.from, client.to, bytes);
    if (hasAgent && last.client !== NONE) this.#clientAgents.set(last.client, 1);
    last.name =
      record.nameFrom === NONE
        ? NONE
        : this.#names.add(uri.buffer, record.nameFrom, record.nameTo, bytes);
    last.blob = NONE;
    last.uri = NONE;
    if (kind === Kind.upload) return false;
    last.uri = this.uris.add(uri.buffer, uri.from, uri.to, bytes);
    if (kind > Kind.manifest || record.refFrom === NONE) return false;
    if (kind === Kind.blob) last.blob = this.#blobs.add(uri.buffer, record.refFrom, uri.to, bytes);
    this.#noteUri(record, kept);
    if (method === Method.get) this.#noteGet(record);
    return record.status !== STATUS_PARTIAL && record.size > 0 && this.#isNewToMethod(method);
  }

  #noteUri(record: RecordJudge, kept: boolean): void {
    const { uri } = this.last;
    const { size } = record;
    let flags = this.#flags.at(uri);
    if (this.uris.records.at(uri) === 1) {
      this.#kinds.set(uri, record.kind);
      this.#refStarts.set(uri, record.refFrom - record.uri.from);
    }
    if (kept && record.method === Method.get) flags |= Flag.warm;
    if (size > 0) flags |= this.#noteSize(record, flags);
    this.#flags.set(uri, flags);
  }

  /** Returns the bits that a size above 0 adds to those of its URI. */
  #noteSize({ size, status, method }: RecordJudge, flags: number): number {
    const { uri } = this.last;
    const known = this.#sizes.at(uri);
    const isWhole = status === STATUS_OK || status === 0;
    const isSure = isWhole && method === Method.get;
    const differs = isWhole && (flags & Flag.wholeSize) !== 0 && known !== size;
    if (differs && (flags & Flag.differing) === 0) this.differingSizes++;
    const isBetter =
      (isWhole && (flags & Flag.wholeSize) === 0) || (isSure && (flags & Flag.sureSize) === 0);
    if (known === 0 || isBetter) this.#sizes.set(uri, size);
    return (
      (isWhole ? Flag.wholeSize : 0) | (isSure ? Flag.sureSize : 0) | (differs ? Flag.differing : 0)
    );
  }

  #noteGet(record: RecordJudge): void {
    const { uri, blob, name } = this.last;
    this.#uriGets.add(uri, 1);
    if (blob === NONE) {
      this.#references.add(record.uri.buffer, record.refFrom, record.uri.to, 0);
      return;
    }
    this.#blobGets.add(blob, 1);
    if (this.#blobGets.at(blob) === 1) this.fetchedBlobs++;
    if (this.#uriGets.at(uri) > 1) return;
    // The name's first GET of this blob.
    this.#nameBlobs.add(name, 1);
    const names = this.#blobNames.at(blob);
    if (names === 1) this.sharedBlobs++;
    if (names < 2) this.#blobNames.set(blob, names + 1);
  }

  #isNewToMethod(method: number): boolean {
    const { blob, uri } = this.last;
    const [column, number] = blob === NONE ? [this.#uriMethods, uri] : [this.#blobMethods, blob];
    const seen = column.at(number);
    if ((seen & (1 << method)) !== 0) return false;
    column.set(number, seen | (1 << method));
    return true;
  }

  distinct(): DistinctFacts {
    const isManifest = (uri: number): boolean => this.kindOf(uri) === Kind.manifest;
    return {
      hosts: this.#hosts.size,
      clients: this.clients.size,
      names: this.#names.size,
      manifests: this.#countUris(isManifest),
      blobs: this.#blobs.size,
      uris: this.uris.size,
      fetchedBlobs: this.fetchedBlobs,
      sharedBlobs: this.sharedBlobs,
      differingSizes: this.differingSizes,
      top: {
        hosts: this.#hosts.top(TOP),
        clients: this.clients.top(TOP),
        names: this.#names.top(TOP),
        manifests: this.uris.top(TOP, isManifest),
        blobs: this.#blobs.top(TOP),
      },
    };
  }

  popularity({
    clientBlobGets,
    refetches,
  }: {
    clientBlobGets: number;
    refetches: number;
  }): PopularityFacts {
    const blobs = popularityOf(countsOf(this.#blobGets, this.#blobs.size));
    const manifests = popularityOf(
      countsOf(this.#uriGets, this.uris.size, (uri) => this.kindOf(uri) === Kind.manifest),
    );
    const [reference] = this.#references.top(1);
    return {
      blobs,
      manifests,
      reference:
        reference === undefined
          ? null
          : { ...reference, share: reference.records / manifests.requests },
      clientBlobGets,
      refetches,
    };
  }

  /** Whether the URI is a kept GET's: one that a warm-up pushes. */
  isWarm(uri: number): boolean {
    return (this.#flags.at(uri) & Flag.warm) !== 0;
  }

  /** `Kind.blob` is also what a URI that is no object has: ask `sizeOf` first. */
  kindOf(uri: number): number {
    return this.#refStarts.at(uri) === 0 ? Kind.other : this.#kinds.at(uri);
  }

  /** Bytes: of the first GET with status 200, else of the first record with it, else of the first with a size; 0 where none tells. */
  sizeOf(uri: number): number {
    return this.#sizes.at(uri);
  }

  /** Bytes of the last segment of the URI. */
  refOf(uri: number): Buffer {
    return this.uris.keys.keyOf(uri).subarray(this.#refStarts.at(uri));
  }

  /** How many blobs each name has, of names with a fetched blob. */
  blobsPerName(): Uint32Array {
    return countsOf(this.#nameBlobs, this.#names.size);
  }

  /** Bytes of every manifest that has a size. */
  *manifestSizes(): Generator<number> {
    for (let uri = 0; uri < this.uris.size; uri++) {
      const size = this.#sizes.at(uri);
      if (size > 0 && this.kindOf(uri) === Kind.manifest) yield size;
    }
  }

  /** Clients that never gave a user agent. */
  agentlessClients(): number {
    let count = 0;
    for (let client = 0; client < this.clients.size; client++) {
      if (this.#clientAgents.at(client) === 0) count++;
    }
    return count;
  }

  #countUris(counts: (uri: number) => boolean): number {
    let count = 0;
    for (let uri = 0; uri < this.uris.size; uri++) if (counts(uri)) count++;
    return count;
  }
}

/** The numbers above 0 of a column. */
function countsOf(
  column: Column,
  size: number,
  counts: (row: number) => boolean = () => true,
): Uint32Array {
  const found = new Uint32Array(size);
  let filled = 0;
  for (let row = 0; row < size; row++) {
    const count = column.at(row);
    if (count > 0 && counts(row)) found[filled++] = count;
  }
  return found.slice(0, filled);
}
