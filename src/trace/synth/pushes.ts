import { Allotment } from "./allotment.ts";
import type { Budget } from "./budget.ts";
import { slotsOf } from "./image-stock.ts";
import { uploadId } from "./labels.ts";
import { manifestUri, ping, type Stage, think } from "./pulls.ts";
import type { Request } from "./request-log.ts";

/** Layers that a push brings if it brings any; most pushes only tag what is there. */
const NEW_LAYERS = 2.2;

/** What follows a push: somebody else pulls the image at this instant, milliseconds since the Unix epoch. */
export type FollowUp = { readonly image: number; readonly but: number; readonly start: number };

type Push = { readonly client: number; readonly image: number; readonly slots: readonly number[] };

/** Number of images that pushes bring: a few more than are expected, since how many push a layer is left to chance. */
export const newImageCount = ({ uploads }: Budget): number =>
  Math.ceil((1.05 * uploads) / NEW_LAYERS);

/** Number of push sessions: one for each manifest, and enough for the layers. */
export const pushCount = ({ uploads, mounts, chunks, manifestPuts }: Budget): number =>
  Math.max(manifestPuts, Math.ceil((uploads + mounts + chunks) / 4));

/** Push sessions: HEAD per layer; POST, PATCH and PUT per new layer or POST for a mount; PUT of the manifest. */
export class Pushes {
  readonly #stage: Stage;
  readonly #heads: Allotment;
  readonly #uploads: Allotment;
  readonly #mounts: Allotment;
  readonly #chunks: Allotment;
  readonly #manifests: Allotment;

  constructor(stage: Stage, budget: Budget) {
    const sessions = pushCount(budget);
    this.#stage = stage;
    this.#heads = new Allotment(budget.layerHeads, sessions);
    this.#uploads = new Allotment(budget.uploads, sessions);
    this.#mounts = new Allotment(budget.mounts, sessions);
    this.#chunks = new Allotment(budget.chunks, sessions);
    this.#manifests = new Allotment(budget.manifestPuts, sessions);
  }

  /** Runs a push and returns the pull that follows it, if one does. */
  next(start: number): FollowUp | null {
    const { catalogue, clients, stock, chance } = this.#stage;
    const wanted = this.#uploads.take(chance, NEW_LAYERS);
    const image = wanted > 0 ? stock.arriving() : stock.likely();
    const push = { client: clients.any(), image, slots: slotsOf(catalogue, image) };
    const uploads = this.#fitting(wanted, push);
    let at = ping(this.#stage, push.client, start);
    at = this.#askForLayers(push, at);
    for (let layer = 0; layer < uploads; layer++) at = this.#upload(push, layer, at);
    at = this.#extraChunks(push, at);
    at = this.#mount(push, at);
    at = this.#putManifest(push, at);
    return this.#followUp(push, at);
  }

  /** A push brings no layer twice, but for the last one if it must. */
  #fitting(wanted: number, { slots }: Push): number {
    const surplus = this.#uploads.takers > 0 ? Math.max(0, wanted - slots.length) : 0;
    this.#uploads.giveBack(surplus);
    return wanted - surplus;
  }

  #request(push: Push, start: number, request: Omit<Request, "client" | "start">): number {
    return think(this.#stage, this.#stage.log.add({ client: push.client, start, ...request }));
  }

  #uploadUri({ image }: Push): string {
    const { catalogue, chance } = this.#stage;
    const prefix = catalogue.prefixes[catalogue.imageName[image] ?? 0];
    return `${prefix}/blobs/uploads/${uploadId(chance)}`;
  }

  #bytesOf({ slots }: Push, layer: number): number {
    const { slotBlob, blobBytes } = this.#stage.catalogue;
    return blobBytes[slotBlob[slots[layer % slots.length] ?? 0] ?? 0] ?? 0;
  }

  #askForLayers(push: Push, start: number): number {
    const { catalogue, chance } = this.#stage;
    const prefix = catalogue.prefixes[catalogue.imageName[push.image] ?? 0];
    let at = start;
    const heads = this.#heads.take(chance);
    for (let layer = 0; layer < heads; layer++) {
      const slot = push.slots[layer % push.slots.length] ?? 0;
      const digest = catalogue.digests[catalogue.slotBlob[slot] ?? 0];
      const uri = `${prefix}/blobs/${digest}`;
      const written = this.#bytesOf(push, layer);
      at = this.#request(push, at, { method: "HEAD", uri, status: 200, written, moved: 0 });
    }
    return at;
  }

  #upload(push: Push, layer: number, start: number): number {
    const uri = this.#uploadUri(push);
    const bytes = this.#bytesOf(push, layer);
    let at = this.#request(push, start, { method: "POST", uri, status: 202, written: 0, moved: 0 });
    at = this.#request(push, at, { method: "PATCH", uri, status: 202, written: 0, moved: bytes });
    return this.#request(push, at, { method: "PUT", uri, status: 201, written: bytes, moved: 0 });
  }

  #extraChunks(push: Push, start: number): number {
    const uri = this.#uploadUri(push);
    let at = start;
    for (let left = this.#chunks.take(this.#stage.chance); left > 0; left--) {
      at = this.#request(push, at, { method: "PATCH", uri, status: 202, written: 0, moved: 0 });
    }
    return at;
  }

  #mount(push: Push, start: number): number {
    let at = start;
    for (let left = this.#mounts.take(this.#stage.chance); left > 0; left--) {
      const uri = this.#uploadUri(push);
      at = this.#request(push, at, { method: "POST", uri, status: 201, written: 0, moved: 0 });
    }
    return at;
  }

  #putManifest(push: Push, start: number): number {
    const { catalogue, chance } = this.#stage;
    const manifest = catalogue.imageManifest[push.image] ?? 0;
    const uri = manifestUri(catalogue, manifest);
    const written = catalogue.manifestBytes[manifest] ?? 0;
    let at = start;
    for (let left = this.#manifests.take(chance); left > 0; left--) {
      at = this.#request(push, at, { method: "PUT", uri, status: 201, written, moved: written });
    }
    return at;
  }

  #followUp({ client, image }: Push, end: number): FollowUp | null {
    const { profile, stock, chance } = this.#stage;
    if (chance.next() >= profile.followedPushes || !stock.reserve(image)) return null;
    return { image, but: client, start: end + chance.next() * profile.followedWithin * 1000 };
  }
}
