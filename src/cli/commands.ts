import type { Verb } from "./verb.ts";

/** Every command of drayage, in the order of `drayage --help`. */
export const verbs: readonly Verb[] = [
  {
    name: "serve",
    summary: "the embedded registry: in memory, with latency and faults on demand",
    load: async () => (await import("./serve.ts")).serve,
  },
];
