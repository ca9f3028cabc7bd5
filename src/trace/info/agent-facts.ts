import { type RankedKey, RankedKeys } from "./ranked-keys.ts";
import type { TextSpan } from "./record-judge.ts";

const BLANK = 32;
/** Products listed; the others are summed. */
const PRODUCTS_MAX = 40;
/** Distinct first tokens remembered: a trace of attacks must not fill the memory. */
const TOKENS_MAX = 100_000;

export type AgentFacts = {
  /** First token of the user agent: product and version. */
  readonly products: readonly RankedKey[];
  readonly distinct: number;
  /** Records whose token came after so many others that it was no longer told apart. */
  readonly uncounted: number;
  readonly without: number;
  readonly shareWithout: number;
};

/** Counts user agents by their first token. Runs per record. */
export class Agents {
  readonly #products = new RankedKeys();
  #without = 0;
  #uncounted = 0;
  #records = 0;

  add({ buffer, from, to }: TextSpan): void {
    this.#records++;
    if (from === -1 || from === to) {
      this.#without++;
      return;
    }
    const blank = buffer.indexOf(BLANK, from);
    const end = blank === -1 || blank > to ? to : blank;
    const full = this.#products.size >= TOKENS_MAX;
    if (full && this.#products.keys.find(buffer, from, end) === -1) this.#uncounted++;
    else this.#products.add(buffer, from, end, 0);
  }

  facts(): AgentFacts {
    return {
      products: this.#products.top(PRODUCTS_MAX),
      distinct: this.#products.size,
      uncounted: this.#uncounted,
      without: this.#without,
      shareWithout: this.#records === 0 ? 0 : this.#without / this.#records,
    };
  }
}
