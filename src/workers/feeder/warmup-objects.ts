// The distinct objects that a trace's GETs (and HEADs) ask for: what a warm-up has to push. Holds about 100 bytes per URI,
// never records or bodies. Source: trace-replay.md 4.1 and 4.3.
import { Kind, Op } from "../../core/operation.ts";
import { ByteMap } from "../../trace/byte-map.ts";
import type { RecordView } from "../../trace/record-view.ts";
import { GrowingNumbers } from "./growing-numbers.ts";

const STATUS_OK = 200;
/** A manifest of the largest size there is in traces names no more layers than this. */
const LAYERS_MAX = 256;

/** How sure a record is of its object's size: of a HEAD's answer nothing is written, so it tells none. */
const Sureness = { none: 0, written: 1, complete: 2 } as const;

function surenessOf({ method, status }: RecordView): number {
  if (method === Op.HEAD) return Sureness.none;
  return status === STATUS_OK ? Sureness.complete : Sureness.written;
}

export class WarmupObjects {
  /** URIs in order of first appearance; their numbers index everything below. */
  readonly uris = new ByteMap();
  readonly #sizes = new GrowingNumbers(Float64Array);
  readonly #sureness = new GrowingNumbers(Uint8Array);
  readonly #kinds = new GrowingNumbers(Uint8Array);
  readonly #nameAt = new GrowingNumbers(Uint16Array);
  readonly #nameEnd = new GrowingNumbers(Uint16Array);
  readonly #refAt = new GrowingNumbers(Uint16Array);
  /** Blobs of each manifest, by number; only where manifests are pushed as such. */
  readonly #layers = new Map<number, number[]>();
  /** Manifest that a client is pulling, by client and name. */
  readonly #pulling = new Map<string, number>();
  readonly #collectLayers: boolean;
  sizeConflicts = 0;
  /** Names under which a run will put or get manifests; only where manifests are pushed as such. */
  readonly manifestNames = new Set<string>();

  constructor({ collectLayers }: { collectLayers: boolean }) {
    this.#collectLayers = collectLayers;
  }

  get count(): number {
    return this.uris.size;
  }

  /** Takes a PUT of a manifest: nothing to push, but its name will need the config that all manifests share. */
  addManifestPut(record: RecordView): void {
    if (this.#collectLayers) this.manifestNames.add(record.name ?? "");
  }

  /** Takes a GET or HEAD of a blob or manifest that has a name. */
  add(record: RecordView): void {
    const before = this.uris.size;
    const number = this.uris.add(record.buffer, record.uriAt, record.uriEnd);
    if (number === before) this.#addNew(record);
    else this.#addAgain(record, number);
    if (this.#collectLayers) this.#follow(record, number);
  }

  #addNew(record: RecordView): void {
    this.#sizes.push(Math.max(0, record.size));
    this.#sureness.push(surenessOf(record));
    this.#kinds.push(record.kind);
    this.#nameAt.push(record.nameAt - record.uriAt);
    this.#nameEnd.push(record.nameEnd - record.uriAt);
    this.#refAt.push(record.refAt - record.uriAt);
  }

  /** The size is that of the first GET with status 200, else of the first GET; what another GET says is a conflict. */
  #addAgain(record: RecordView, number: number): void {
    const { size } = record;
    const sureness = surenessOf(record);
    const known = this.#sureness.at(number);
    if (sureness === Sureness.none) {
      if (known === Sureness.none && size > this.#sizes.at(number)) this.#sizes.set(number, size);
      return;
    }
    if (known > Sureness.none && size !== this.#sizes.at(number)) this.sizeConflicts++;
    if (sureness <= known) return;
    this.#sizes.set(number, size);
    this.#sureness.set(number, sureness);
  }

  /** A HEAD fetches nothing: the client that asks for a manifest's digest first gets the manifest, and then its layers. */
  #follow(record: RecordView, number: number): void {
    const isManifest = record.kind === Kind.manifest;
    if (isManifest) this.manifestNames.add(record.name ?? "");
    if (record.method === Op.HEAD) return;
    const key = `${record.client ?? ""}\0${record.name ?? ""}`;
    if (isManifest) {
      if (!this.#layers.has(number)) {
        this.#layers.set(number, []);
        this.#pulling.set(key, number);
      } else {
        this.#pulling.delete(key);
      }
      return;
    }
    const manifest = this.#pulling.get(key);
    const layers = manifest === undefined ? undefined : this.#layers.get(manifest);
    if (layers === undefined || layers.length >= LAYERS_MAX || layers.includes(number)) return;
    layers.push(number);
  }

  sizeOf(number: number): number {
    return this.#sizes.at(number);
  }

  isManifest(number: number): boolean {
    return this.#kinds.at(number) === Kind.manifest;
  }

  layersOf(number: number): readonly number[] {
    return this.#layers.get(number) ?? [];
  }

  uriOf(number: number): string {
    return this.uris.keyOf(number).toString("utf8");
  }

  nameOf(number: number): string {
    const uri = this.uris.keyOf(number);
    return uri.toString("utf8", this.#nameAt.at(number), this.#nameEnd.at(number));
  }

  refOf(number: number): string {
    return this.uris.keyOf(number).toString("utf8", this.#refAt.at(number));
  }
}
