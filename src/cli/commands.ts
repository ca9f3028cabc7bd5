import type { Verb } from "./verb.ts";

/** Every command of drayage, in the order of `drayage --help`. */
export const verbs: readonly Verb[] = [];
