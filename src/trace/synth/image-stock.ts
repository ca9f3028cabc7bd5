import type { Random } from "../../core/random.ts";
import { shuffle } from "../shuffle.ts";
import type { Catalogue } from "./catalogue.ts";
import { Urn } from "./urn.ts";

/** The most popular images are there from the beginning, or the trace would not look alike from start to end. */
const OLD_IMAGES_MIN = 0.1;

/** Images that are pushed have room for the new layers of a push. */
const AWAITED_LAYERS_MIN = 3;

/** The pulls of each image that are left, and which of its layers each of them fetches. */
export class ImageStock {
  readonly #catalogue: Catalogue;
  readonly #chance: Random;
  /** Pulls of the images that are there. */
  readonly #pulls: Urn;
  /** By image: pulls that have not run, the reserved ones included. */
  readonly #unrun: Uint32Array;
  /** By slot: GETs that are left. */
  readonly #gets: Uint32Array;
  /** Images that nobody pulls before they are pushed. */
  readonly #awaited: number[];

  /** `awaited`: how many images a push is to bring. */
  constructor(catalogue: Catalogue, awaited: number, chance: Random) {
    this.#catalogue = catalogue;
    this.#chance = chance;
    this.#unrun = catalogue.imagePulls.slice();
    this.#gets = catalogue.slotGets.slice();
    this.#awaited = this.#young(awaited);
    const there = catalogue.imagePulls.slice();
    for (const image of this.#awaited) there[image] = 0;
    this.#pulls = new Urn(there);
  }

  /** The image of the next pull, whose layers must then be taken; there must be a pull left. */
  draw(): number {
    if (this.#pulls.total === 0) this.arriving();
    return this.#pulls.draw(this.#chance);
  }

  /** Sets a pull of this image aside, whose layers are taken later; false if none is left. */
  reserve(image: number): boolean {
    if (this.#pulls.count(image) === 0) return false;
    this.#pulls.take(image);
    return true;
  }

  /** An image that will be pulled again if there is one, popular ones more often. */
  likely(): number {
    return this.#pulls.total > 0
      ? this.#pulls.pick(this.#chance)
      : this.#chance.integer(this.#unrun.length);
  }

  /** An image that nobody has pulled yet and that can be pulled from now on; a likely one if there is none. */
  arriving(): number {
    const image = this.#awaited.pop();
    if (image === undefined) return this.likely();
    this.#pulls.add(image, this.#unrun[image] ?? 0);
    return image;
  }

  /**
   * Slots of the layers that a pull of this image fetches: the client has the others. Each layer is fetched by as many of
   * the pulls as it has GETs left.
   */
  takeLayers(image: number): number[] {
    const pulls = this.#unrun[image] ?? 0;
    this.#unrun[image] = pulls - 1;
    return slotsOf(this.#catalogue, image).filter((slot) => {
      const left = this.#gets[slot] ?? 0;
      if (this.#chance.integer(pulls) >= left) return false;
      this.#gets[slot] = left - 1;
      return true;
    });
  }

  #young(count: number): number[] {
    const { imagePulls, imageManifest, imageSlots } = this.#catalogue;
    const layers = (image: number) => (imageSlots[image + 1] ?? 0) - (imageSlots[image] ?? 0);
    const old = OLD_IMAGES_MIN * imagePulls.length;
    // Manifests stand in the order of their images' pulls.
    const images = Uint32Array.from(imagePulls.keys()).filter(
      (image) =>
        (imageManifest[image] ?? 0) >= old &&
        (imagePulls[image] ?? 0) > 0 &&
        layers(image) >= AWAITED_LAYERS_MIN,
    );
    shuffle(images, this.#chance);
    return Array.from(images.subarray(0, count));
  }
}

/** Slots of an image: its layers. */
export function slotsOf({ imageSlots }: Catalogue, image: number): number[] {
  const from = imageSlots[image] ?? 0;
  return Array.from({ length: (imageSlots[image + 1] ?? from) - from }, (_, layer) => from + layer);
}
