// How requests follow each other: layers after their manifest, GETs after PUTs. Takes requests in order of arrival; holds
// the manifest GETs of the last minute and the distinct (name, size) of PUTs.
import { Kind } from "../../core/operation.ts";
import { Method } from "./record-judge.ts";
import { NOBODY, type TimedRequest } from "./request-order.ts";
import { Sketch } from "./sketch.ts";

const MINUTE_US = 60e6;
/** A client and a name as one number: 2^27 names are more than a ByteMap holds. */
const NAMES_MAX = 2 ** 27;

export type CorrelationFacts = {
  /** Blob GETs of known clients, and those whose client had got a manifest of that name in the minute before. */
  readonly layerGets: number;
  readonly afterManifest: number;
  /** Blob PUTs with a size, and those followed by a GET of the same name and size. */
  readonly puts: number;
  readonly followedPuts: number;
  /** Median seconds from the last such PUT to that GET; null without. */
  readonly followedAfterSeconds: number | null;
};

type Put = { waiting: number; lastUs: number };

export class Correlation {
  /** Arrival of the last manifest GET by client and name, the oldest first. */
  readonly #manifests = new Map<number, number>();
  readonly #puts = new Map<number, Map<number, Put>>();
  readonly #delays = new Sketch();
  #layerGets = 0;
  #afterManifest = 0;
  #putCount = 0;
  #followed = 0;

  take(request: TimedRequest): void {
    if (request.name === NOBODY) return;
    const { method, kind } = request;
    if (method === Method.get) {
      if (kind === Kind.manifest) this.#manifest(request);
      else if (kind === Kind.blob) this.#layer(request);
    } else if (method === Method.put && kind !== Kind.manifest && request.size > 0)
      this.#put(request);
  }

  facts(): CorrelationFacts {
    return {
      layerGets: this.#layerGets,
      afterManifest: this.#afterManifest,
      puts: this.#putCount,
      followedPuts: this.#followed,
      followedAfterSeconds: this.#delays.total === 0 ? null : this.#delays.quantile(0.5) / 1e6,
    };
  }

  #manifest({ client, name, arrivalUs }: TimedRequest): void {
    if (client === NOBODY) return;
    const key = client * NAMES_MAX + name;
    this.#manifests.delete(key);
    this.#manifests.set(key, arrivalUs);
    for (const [old, at] of this.#manifests) {
      if (arrivalUs - at <= MINUTE_US) break;
      this.#manifests.delete(old);
    }
  }

  #layer({ client, name, size, arrivalUs }: TimedRequest): void {
    if (client !== NOBODY) {
      this.#layerGets++;
      const manifest = this.#manifests.get(client * NAMES_MAX + name);
      if (manifest !== undefined && arrivalUs - manifest <= MINUTE_US) this.#afterManifest++;
    }
    const put = this.#puts.get(name)?.get(size);
    if (put === undefined || put.waiting === 0) return;
    this.#followed += put.waiting;
    put.waiting = 0;
    this.#delays.add(arrivalUs - put.lastUs);
  }

  #put({ name, size, arrivalUs }: TimedRequest): void {
    this.#putCount++;
    let sizes = this.#puts.get(name);
    if (sizes === undefined) {
      sizes = new Map();
      this.#puts.set(name, sizes);
    }
    const put = sizes.get(size);
    if (put === undefined) sizes.set(size, { waiting: 1, lastUs: arrivalUs });
    else {
      put.waiting++;
      put.lastUs = arrivalUs;
    }
  }
}
