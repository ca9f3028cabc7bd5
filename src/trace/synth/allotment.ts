import type { Random } from "../../core/random.ts";
import { roundedAtRandom } from "./draw.ts";

/** A number of things to be spread over a number of takers, at random but to the last one. */
export class Allotment {
  #left: number;
  #takers: number;

  constructor(things: number, takers: number) {
    this.#left = things;
    this.#takers = takers;
  }

  get takers(): number {
    return this.#takers;
  }

  /** The share of the next taker. With a `heap` above the mean, most takers get nothing and some about that many. */
  take(chance: Random, heap = 0): number {
    const takers = this.#takers--;
    const mean = this.#left / Math.max(1, takers);
    const wanted = mean >= heap || chance.next() < mean / heap ? Math.max(mean, heap) : 0;
    const share = takers <= 1 ? this.#left : Math.min(this.#left, roundedAtRandom(chance, wanted));
    this.#left -= share;
    return share;
  }

  /** What a taker could not use is for those to come. */
  giveBack(things: number): void {
    this.#left += things;
  }
}
