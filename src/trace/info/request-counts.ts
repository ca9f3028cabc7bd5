import { Kind, objectKinds } from "../../core/operation.ts";
import { Method, methodNames, type RecordJudge } from "./record-judge.ts";

const STATUSES = 1000;
const SEGMENTS_MAX = 64;
const SLASH = 47;
const MOVED_PERMANENTLY = 301;
const PARTIAL_CONTENT = 206;

type RequestClass = {
  readonly method: string;
  readonly kind: string;
  /** `null` where the trace has none. */
  readonly status: number | null;
  readonly records: number;
};

export type RequestFacts = {
  readonly classes: readonly RequestClass[];
  /** Slash-separated parts of the URI, uploads left out. */
  readonly segments: readonly { readonly segments: number; readonly records: number }[];
  /** Share of the bare `v2` among all records. */
  readonly pingShare: number;
};

/** Counts records by method, kind and status, and by segments. Runs per record; allocates nothing. */
export class RequestCounts {
  readonly #classes = new Float64Array(methodNames.length * objectKinds.length * STATUSES);
  readonly #segments = new Float64Array(SEGMENTS_MAX + 1);
  /** By segments, of blobs and manifests only. */
  readonly #objectSegments = new Float64Array(SEGMENTS_MAX + 1);
  records = 0;

  add({ method, kind, status, uri }: RecordJudge): void {
    this.records++;
    const at = (method * objectKinds.length + kind) * STATUSES + status;
    this.#classes[at] = (this.#classes[at] as number) + 1;
    if (kind === Kind.upload) return;
    const segments = Math.min(SEGMENTS_MAX, segmentsOf(uri.buffer, uri.from, uri.to));
    this.#segments[segments] = (this.#segments[segments] as number) + 1;
    if (kind <= Kind.manifest)
      this.#objectSegments[segments] = (this.#objectSegments[segments] as number) + 1;
  }

  /** Records of a method and kind; of all kinds, all methods without them. */
  count({ method, kind, status }: { method?: number; kind?: number; status?: number }): number {
    let count = 0;
    this.#classes.forEach((records, at) => {
      if (records === 0) return;
      const pair = Math.floor(at / STATUSES);
      const of = Math.floor(pair / objectKinds.length);
      if (method !== undefined && of !== method) return;
      if (kind !== undefined && pair % objectKinds.length !== kind) return;
      if (status === undefined || at % STATUSES === status) count += records;
    });
    return count;
  }

  /** Weights of names with 1, 2, 3, and 4 or more components among blobs and manifests. */
  nameComponents(): [number, number, number, number] {
    const of = (segments: number): number => this.#objectSegments[segments] as number;
    const more = this.#objectSegments.subarray(7).reduce((sum, count) => sum + count, 0);
    return [of(4), of(5), of(6), more];
  }

  get redirectShare(): number {
    return this.count({ status: MOVED_PERMANENTLY }) / this.records;
  }

  get partialShare(): number {
    return this.count({ status: PARTIAL_CONTENT }) / this.records;
  }

  /** Share of HEADs of blobs among those of blobs and manifests; NaN without any. */
  get layerHeadShare(): number {
    const blobs = this.count({ method: Method.head, kind: Kind.blob });
    return blobs / (blobs + this.count({ method: Method.head, kind: Kind.manifest }));
  }

  facts(): RequestFacts {
    const classes: RequestClass[] = [];
    this.#classes.forEach((records, at) => {
      if (records === 0) return;
      const pair = Math.floor(at / STATUSES);
      classes.push({
        method: methodNames[Math.floor(pair / objectKinds.length)] as string,
        kind: objectKinds[pair % objectKinds.length] as string,
        status: at % STATUSES === 0 ? null : at % STATUSES,
        records,
      });
    });
    const segments = [...this.#segments.entries()]
      .filter(([, records]) => records > 0)
      .map(([number, records]) => ({ segments: number, records }));
    const pings = this.count({ kind: Kind.ping });
    return { classes, segments, pingShare: this.records === 0 ? 0 : pings / this.records };
  }
}

/** A slash at either end makes no segment. */
function segmentsOf(buffer: Buffer, from: number, to: number): number {
  let segments = 0;
  let before = SLASH;
  for (let at = from; at < to; at++) {
    const byte = buffer[at] as number;
    if (byte !== SLASH && before === SLASH) segments++;
    before = byte;
  }
  return segments;
}
