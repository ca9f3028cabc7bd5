import type { Random } from "../../core/random.ts";
import type { Allotment } from "./allotment.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Clients } from "./clients.ts";
import { exponential } from "./draw.ts";
import type { ImageStock } from "./image-stock.ts";
import type { SynthProfile } from "./profile.ts";
import type { RequestLog } from "./request-log.ts";

/** What every kind of session works with. */
export type Stage = {
  readonly profile: SynthProfile;
  readonly catalogue: Catalogue;
  readonly clients: Clients;
  readonly stock: ImageStock;
  readonly log: RequestLog;
  readonly chance: Random;
  /** Requests of the bare `v2`, by session. */
  readonly pings: Allotment;
  readonly redirectsPerPing: number;
  readonly partialsPerBlobGet: number;
};

/** A client number that no client has. */
const NOBODY = -1;

/** Mean milliseconds a client takes from an answer to its next request. */
const THINKING_MS = 4;
/** Mean milliseconds between the starts of requests that a client sends at once. */
const LAUNCH_MS = 3;

const PING_BYTES = 2;
const REDIRECT_BYTES = 39;

export const think = ({ chance }: Stage, after: number): number =>
  after + exponential(chance) * THINKING_MS;

/** The pings that open a session; returns when the client goes on. */
export function ping(stage: Stage, client: number, start: number): number {
  let at = start;
  for (let left = stage.pings.take(stage.chance); left > 0; left--) {
    const redirected = stage.chance.next() < stage.redirectsPerPing;
    const written = redirected ? REDIRECT_BYTES : PING_BYTES;
    const status = redirected ? 301 : 200;
    const end = stage.log.add({
      client,
      start: at,
      method: "GET",
      uri: "v2",
      status,
      written,
      moved: written,
    });
    at = think(stage, end);
  }
  return at;
}

/** A session that only pings. */
export function probe(stage: Stage, start: number): void {
  ping(stage, stage.clients.poller(), start);
}

/** GET or HEAD of a manifest; returns when the client goes on. */
export function askManifest(
  stage: Stage,
  { client, method, manifest }: { client: number; method: "GET" | "HEAD"; manifest: number },
  start: number,
): number {
  const { catalogue, log } = stage;
  const written = catalogue.manifestBytes[manifest] ?? 0;
  const moved = method === "HEAD" ? 0 : written;
  const uri = manifestUri(catalogue, manifest);
  return think(stage, log.add({ client, start, method, uri, status: 200, written, moved }));
}

export function manifestUri(catalogue: Catalogue, manifest: number): string {
  const image = catalogue.manifestImage[manifest] ?? 0;
  const name = catalogue.imageName[image] ?? 0;
  return `${catalogue.prefixes[name]}/manifests/${catalogue.references[manifest]}`;
}

/** Pull sessions: pings, the manifest, the layers that the client lacks. */
export class Pulls {
  readonly #stage: Stage;
  /** By image: GETs of its manifest that are left for pulls. Then HEADs follow, then neither. */
  readonly #gets: Uint32Array;
  #heads: number;

  constructor(stage: Stage, gets: Uint32Array, heads: number) {
    this.#stage = stage;
    this.#gets = gets;
    this.#heads = heads;
  }

  next(start: number): void {
    this.pull({ image: this.#stage.stock.draw(), but: NOBODY }, start);
  }

  /** A pull whose ticket was drawn or reserved, by any client but one. */
  pull({ image, but }: { image: number; but: number }, start: number): void {
    const { catalogue, clients, stock } = this.#stage;
    const blobs = stock.takeLayers(image).map((slot) => catalogue.slotBlob[slot] ?? 0);
    const client = clients.lacking(blobs, but);
    const opened = ping(this.#stage, client, start);
    const known = this.#manifest(image, client, opened);
    this.#fetch({ client, image, blobs }, known);
    clients.receives(client, blobs);
  }

  #manifest(image: number, client: number, start: number): number {
    const manifest = this.#stage.catalogue.imageManifest[image] ?? 0;
    const gets = this.#gets[image] ?? 0;
    if (gets > 0) {
      this.#gets[image] = gets - 1;
      return askManifest(this.#stage, { client, method: "GET", manifest }, start);
    }
    if (this.#heads === 0) return start;
    this.#heads--;
    return askManifest(this.#stage, { client, method: "HEAD", manifest }, start);
  }

  /** Layers on as many lanes as the client has: a layer starts when a lane is free. */
  #fetch(
    { client, image, blobs }: { client: number; image: number; blobs: readonly number[] },
    start: number,
  ): void {
    const { catalogue, clients, profile, chance } = this.#stage;
    const lanes = clients.unlimited[client] ? blobs.length : profile.parallelLayers;
    const free = new Array<number>(Math.min(lanes, blobs.length)).fill(start);
    const prefix = catalogue.prefixes[catalogue.imageName[image] ?? 0];
    let launched = start;
    for (const blob of blobs) {
      const lane = free.indexOf(Math.min(...free));
      launched = Math.max(launched, free[lane] ?? start) + exponential(chance) * LAUNCH_MS;
      const uri = `${prefix}/blobs/${catalogue.digests[blob]}`;
      free[lane] = this.#blob({ client, uri, bytes: catalogue.blobBytes[blob] ?? 0 }, launched);
    }
  }

  #blob(
    { client, uri, bytes }: { client: number; uri: string; bytes: number },
    start: number,
  ): number {
    const { chance, log, partialsPerBlobGet } = this.#stage;
    const partial = chance.next() < partialsPerBlobGet;
    const written = partial ? Math.ceil(bytes / 2) : bytes;
    const status = partial ? 206 : 200;
    return log.add({ client, start, method: "GET", uri, status, written, moved: written });
  }
}
