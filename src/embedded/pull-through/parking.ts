import type { Millis } from "../../core/units.ts";

/** A fetch under way, and whether this caller is the one who started it. */
export type Place<Fetch> = { readonly fetch: Fetch; readonly isLeader: boolean };

/**
 * Fetches under way by what they fetch: the first to ask leads, later ones park behind it. Without parking everybody
 * leads.
 */
export class Parking<Fetch> {
  readonly #isOn: boolean;
  readonly #underWay = new Map<string, Fetch>();

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** `start` gets a function that it calls when the fetch is over, or must be found by nobody any more. */
  join(key: string, start: (end: () => void) => Fetch): Place<Fetch> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return { fetch: known, isLeader: false };
    const own: { fetch: Fetch | undefined; hasEnded: boolean } = {
      fetch: undefined,
      hasEnded: false,
    };
    const fetch = start(() => {
      own.hasEnded = true;
      if (own.fetch !== undefined && this.#underWay.get(key) === own.fetch)
        this.#underWay.delete(key);
    });
    own.fetch = fetch;
    if (this.#isOn && !own.hasEnded) this.#underWay.set(key, fetch);
    return { fetch, isLeader: true };
  }
}

/** What is waited for, or `undefined` after so long. Does not keep the process alive. */
export async function withinTime<Value>(
  awaited: Promise<Value>,
  limitMs: Millis,
): Promise<Value | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limitMs).unref();
  try {
    return await Promise.race([awaited, promise]);
  } finally {
    clearTimeout(timer);
  }
}
