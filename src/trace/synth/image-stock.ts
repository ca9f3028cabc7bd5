import type { Random } from "../../core/random.ts";
import { shuffle } from "../shuffle.ts";
import type { Catalogue } from "./catalogue.ts";
import { Urn } from "./urn.ts";

/** The pulls of each image that are left, and which of its layers each of them fetches. */
export class ImageStock {
  readonly #catalogue: Catalogue;
  readonly #chance: Random;
  readonly #pulls: Urn;
  /** By image: pulls that have not run, the reserved ones included. */
  readonly #unrun: Uint32Array;
  /** By slot: GETs that are left. */
  readonly #gets: Uint32Array;
  /** By image: 1 until a layer is fetched or pushed. */
  readonly #fresh: Uint8Array;
  readonly #freshOrder: Uint32Array;
  #freshAt = 0;

  constructor(catalogue: Catalogue, chance: Random) {
    this.#catalogue = catalogue;
    this.#chance = chance;
    this.#pulls = new Urn(catalogue.imagePulls);
    this.#unrun = catalogue.imagePulls.slice();
    this.#gets = catalogue.slotGets.slice();
    this.#fresh = new Uint8Array(this.#unrun.length).fill(1);
    this.#freshOrder = Uint32Array.from(this.#unrun.keys());
    shuffle(this.#freshOrder, chance);
  }

  get pullsLeft(): number {
    return this.#pulls.total;
  }

  /** The image of the next pull, whose layers must then be taken. */
  draw(): number {
    return this.#pulls.draw(this.#chance);
  }

  /** Sets a pull of this image aside, whose layers are taken later; false if none is left. */
  reserve(image: number): boolean {
    if (this.#pulls.count(image) === 0) return false;
    this.#pulls.take(image);
    return true;
  }

  /** An image that is pulled again if possible, popular ones more often. */
  likely(): number {
    return this.#pulls.total > 0
      ? this.#pulls.pick(this.#chance)
      : this.#chance.integer(this.#unrun.length);
  }

  /** An image that nobody has asked for yet and that will be pulled; a likely one if there is none. */
  unseen(): number {
    while (this.#freshAt < this.#freshOrder.length) {
      const image = this.#freshOrder[this.#freshAt++] ?? 0;
      if (this.#fresh[image] === 1 && this.#pulls.count(image) > 0) return image;
    }
    return this.likely();
  }

  touch(image: number): void {
    this.#fresh[image] = 0;
  }

  /**
   * Slots of the layers that a pull of this image fetches: the client has the others. Each layer is fetched by as many of
   * the pulls as it has GETs left.
   */
  takeLayers(image: number): number[] {
    const pulls = this.#unrun[image] ?? 0;
    this.#unrun[image] = pulls - 1;
    this.touch(image);
    return slotsOf(this.#catalogue, image).filter((slot) => {
      const left = this.#gets[slot] ?? 0;
      if (this.#chance.integer(pulls) >= left) return false;
      this.#gets[slot] = left - 1;
      return true;
    });
  }
}

/** Slots of an image: its layers. */
export function slotsOf({ imageSlots }: Catalogue, image: number): number[] {
  const from = imageSlots[image] ?? 0;
  return Array.from({ length: (imageSlots[image + 1] ?? from) - from }, (_, layer) => from + layer);
}
