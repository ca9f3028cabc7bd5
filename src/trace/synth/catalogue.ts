// What the registry of a synthetic trace holds, planned before the first record. Everything is in typed arrays by index:
//
//   name     0 .. names         a repository name
//   image    0 .. images        layers that are pulled together; belongs to one name
//   slot     0 .. slots         a blob as a layer of one image; the slots of an image are a stretch
//   blob     0 .. blobs         by popularity; most have one slot, shared ones have two, under different names
//   manifest 0 .. manifests     by popularity; every image has one of its own, the others are further tags of an image
//
// Neighbours in popularity share an image, so that one pull fetches all its layers and the requests of every blob still
// add up to what its rank asks for.
import type { Random } from "../../core/random.ts";
import type { Budget } from "./budget.ts";
import { evenly, logNormal, valueAt } from "./draw.ts";
import { type Labels, latestReference } from "./labels.ts";
import { requestsByRank } from "./popularity.ts";
import type { SynthProfile } from "./profile.ts";
import { bytesByRank } from "./sizes.ts";

export type Catalogue = {
  /** `v2/<name>`, by name. */
  readonly prefixes: readonly string[];
  /** By blob. */
  readonly digests: readonly string[];
  readonly blobBytes: Float64Array;
  /** By slot: its blob, and the GETs that are planned for it. */
  readonly slotBlob: Uint32Array;
  readonly slotGets: Uint32Array;
  /** By image: its name, its first slot (one more entry than images: the end), its pulls. */
  readonly imageName: Uint32Array;
  readonly imageSlots: Uint32Array;
  readonly imagePulls: Uint32Array;
  readonly imageManifest: Uint32Array;
  /** By manifest: its image, and the GETs that are planned for it. */
  readonly manifestImage: Uint32Array;
  readonly manifestGets: Uint32Array;
  readonly manifestBytes: Uint32Array;
  readonly references: readonly string[];
};

/** Layers of one image; a name with more blobs has several images. */
const IMAGE_LAYERS_MAX = 16;

type Layers = {
  slotBlob: number[];
  slotGets: number[];
  imageName: number[];
  imageSlots: number[];
  nameCount: number;
};

const nothingDealt = (): Layers => ({
  slotBlob: [],
  slotGets: [],
  imageName: [],
  imageSlots: [],
  nameCount: 0,
});

/** Makes the layers of one name. */
function addName(layers: Layers, blobs: readonly { blob: number; gets: number }[]): void {
  const name = layers.nameCount++;
  blobs.forEach(({ blob, gets }, layer) => {
    if (layer % IMAGE_LAYERS_MAX === 0) {
      layers.imageName.push(name);
      layers.imageSlots.push(layers.slotBlob.length);
    }
    layers.slotBlob.push(blob);
    layers.slotGets.push(gets);
  });
}

/** Deals the blobs, most popular first, to images and names. */
function dealBlobs(gets: Uint32Array, profile: SynthProfile, chance: Random): Layers {
  const layers = nothingDealt();
  const sharable = gets.reduce((sum, count) => sum + (count >= 2 ? 1 : 0), 0);
  const shareChance = sharable === 0 ? 0 : (profile.sharedBlobs * gets.length) / sharable;
  const isShared = (count: number) => count >= 2 && chance.next() < shareChance;
  // The second halves of shared blobs wait here for the next names.
  const waiting: { blob: number; gets: number }[] = [];
  const offset = chance.next();
  for (let blob = 0; blob < gets.length || waiting.length > 0; ) {
    const wanted = valueAt(profile.blobsPerName, evenly(layers.nameCount, offset));
    const size = Math.max(1, Math.round(wanted));
    const blobs = waiting.splice(0, Math.ceil(size / 2));
    for (; blobs.length < size && blob < gets.length; blob++) {
      const count = gets[blob] ?? 0;
      const second = isShared(count) ? count >> 1 : 0;
      if (second > 0) waiting.push({ blob, gets: second });
      blobs.push({ blob, gets: count - second });
    }
    addName(layers, blobs);
  }
  layers.imageSlots.push(layers.slotBlob.length);
  return layers;
}

/** Names of 1 to 4 components, so that requests (not names) have the shares that are asked for. */
function prefixesOf(
  requests: Float64Array,
  { profile, labels, chance }: { profile: SynthProfile; labels: Labels; chance: Random },
): string[] {
  const sum = profile.nameComponents.reduce((a, b) => a + b, 0);
  const wanted = profile.nameComponents.map((weight) => weight / sum);
  const commonest = wanted.indexOf(Math.max(...wanted));
  const given = wanted.map(() => 0);
  let total = 0;
  const spaces = Math.max(1, Math.ceil(requests.length / 4));
  return Array.from(requests, (count, name) => {
    total += count;
    const rare = wanted.findIndex(
      (share, at) => at !== commonest && (given[at] ?? 0) + count <= share * total,
    );
    const components = rare < 0 ? commonest : rare;
    given[components] = (given[components] ?? 0) + count;
    const path = Array.from({ length: components }, () =>
      labels.word("component", chance.integer(spaces)),
    );
    return ["v2", ...path, labels.word("component", spaces + name)].join("/");
  });
}

type Manifests = { readonly manifestName: Uint32Array; readonly gets: Uint32Array };

/** Which manifests are `latest`, most popular first, so that their GETs never exceed `share`. A name has it once. */
function markLatest({ manifestName, gets }: Manifests, share: number) {
  const isLatest = new Uint8Array(gets.length);
  const taken = new Set<number>();
  let total = 0;
  let latest = 0;
  gets.forEach((count, manifest) => {
    const name = manifestName[manifest] ?? 0;
    total += count;
    if (taken.has(name) || latest + count > share * total) return;
    taken.add(name);
    latest += count;
    isLatest[manifest] = 1;
  });
  return { isLatest, reached: total === 0 ? share : latest / total };
}

const LATEST_ROUNDS = 3;

/**
 * `latest` or a word of its own, per manifest. The many manifests that are fetched once hold `latest` back, as most of their
 * names have it already: the popular ones get as much more.
 */
function referencesOf(
  manifests: Manifests,
  { latestShare }: SynthProfile,
  labels: Labels,
): string[] {
  let marked = markLatest(manifests, latestShare);
  let aim = latestShare;
  for (let round = 0; round < LATEST_ROUNDS; round++) {
    aim += latestShare - marked.reached;
    const next = markLatest(manifests, aim);
    if (Math.abs(next.reached - latestShare) >= Math.abs(marked.reached - latestShare)) break;
    marked = next;
  }
  return Array.from(manifests.gets, (_, manifest) =>
    marked.isLatest[manifest] === 1 ? latestReference : labels.word("reference", manifest),
  );
}

const sorted = (pulls: Uint32Array): number[] =>
  Array.from(pulls.keys()).sort((a, b) => (pulls[b] ?? 0) - (pulls[a] ?? 0) || a - b);

/** Requests of each name, as far as they can be told beforehand: the GETs, and as many HEADs and PUTs as its share. */
function requestsOfNames(
  layers: Layers,
  {
    imagePulls,
    manifestName,
    gets,
  }: {
    imagePulls: Uint32Array;
    manifestName: Uint32Array;
    gets: Uint32Array;
  },
  budget: Budget,
): Float64Array {
  const requests = new Float64Array(layers.nameCount);
  const add = (name: number, count: number) => {
    requests[name] = (requests[name] ?? 0) + count;
  };
  const perManifestGet = 1 + budget.manifestHeads / Math.max(1, budget.manifestGets);
  manifestName.forEach((name, manifest) => {
    add(name, (gets[manifest] ?? 0) * perManifestGet);
  });
  const pulls = imagePulls.reduce((a, b) => a + b, 0);
  const perPull = (budget.layerHeads + budget.manifestPuts) / Math.max(1, pulls);
  layers.imageName.forEach((name, image) => {
    add(name, (imagePulls[image] ?? 0) * perPull);
    const end = layers.imageSlots[image + 1] ?? 0;
    for (let slot = layers.imageSlots[image] ?? 0; slot < end; slot++) {
      add(name, layers.slotGets[slot] ?? 0);
    }
  });
  return requests;
}

/** Plans names, blobs, images and manifests for so many requests. Memory grows with distinct objects. */
export function catalogueOf(
  budget: Budget,
  { profile, labels, chance }: { profile: SynthProfile; labels: Labels; chance: Random },
): Catalogue {
  // A registry without a single blob has no name that could be asked for.
  const getsOfBlobs =
    budget.blobGets === 0
      ? Uint32Array.of(0)
      : requestsByRank(budget.blobGets, profile.blobPopularity);
  const layers = dealBlobs(getsOfBlobs, profile, chance);
  const imageSlots = Uint32Array.from(layers.imageSlots);
  const imagePulls = Uint32Array.from(layers.imageName, (_, image) =>
    Math.max(0, ...layers.slotGets.slice(imageSlots[image], imageSlots[image + 1])),
  );
  const images = imagePulls.length;

  // The image with the most pulls has the most requested manifest, and so on down.
  const planned = requestsByRank(budget.manifestGets, profile.manifestPopularity);
  const byPulls = sorted(imagePulls);
  const manifests = Math.max(images, planned.length);
  const imageManifest = new Uint32Array(images);
  byPulls.forEach((image, rank) => {
    imageManifest[image] = rank;
  });
  const manifestImage = Uint32Array.from({ length: manifests }, (_, rank) =>
    rank < images ? (byPulls[rank] ?? 0) : chance.integer(images),
  );
  const gets = Uint32Array.from({ length: manifests }, (_, rank) => planned[rank] ?? 0);
  const manifestName = manifestImage.map((image) => layers.imageName[image] ?? 0);
  const requests = requestsOfNames(layers, { imagePulls, manifestName, gets }, budget);
  const { median, sigma, min, max } = profile.manifestBytes;
  return {
    prefixes: prefixesOf(requests, { profile, labels, chance }),
    digests: Array.from(getsOfBlobs, (_, blob) => labels.word("digest", blob)),
    blobBytes: bytesByRank(getsOfBlobs, profile.blobBytes),
    slotBlob: Uint32Array.from(layers.slotBlob),
    slotGets: Uint32Array.from(layers.slotGets),
    imageName: Uint32Array.from(layers.imageName),
    imageSlots,
    imagePulls,
    imageManifest,
    manifestImage,
    manifestGets: gets,
    manifestBytes: Uint32Array.from({ length: manifests }, () =>
      Math.round(Math.min(max, Math.max(min, logNormal(chance, median, sigma)))),
    ),
    references: referencesOf({ manifestName, gets }, profile, labels),
  };
}
