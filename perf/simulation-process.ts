// A simulation of LRU in a process of its own, for the simulate-peers bench: prints what it found and what it cost as JSON.
// Its requests lie in memory, with their keys known, when the loop begins, as those of the loop it is compared with.
//
//   node simulation-process.ts FOLDER CAPACITY...
import { cacheArguments } from "../src/plugins/simulations/cache/cache-arguments.ts";
import { simulateCache } from "../src/plugins/simulations/cache/cache-simulation.ts";
import type { RequestBatch, RequestColumns } from "../src/plugins/simulations/simulation.ts";
import { KeyNumbers } from "../src/trace/key-numbers.ts";
import { NO_KEY } from "../src/trace/layout.ts";
import { openTrace } from "../src/trace/open-trace.ts";
import type { TraceStream } from "../src/trace/trace-stream.ts";

/** Processor seconds of the process, helper threads included: of the simulation alone, and of everything from its start. */
export type LruFindings = {
  readonly requests: number;
  readonly hits: readonly number[];
  readonly loop: number;
  readonly whole: number;
};

/** The requests of a trace in memory. */
class KeptColumns implements RequestColumns {
  readonly objects: number;
  readonly leftOut: number;
  readonly #keys: Int32Array;
  readonly #sizes: Float64Array;
  #count = 0;
  #at = 0;

  constructor(stream: TraceStream, { count, leftOut }: KeyNumbers) {
    this.objects = count;
    this.leftOut = leftOut;
    const { kept } = stream.account;
    this.#keys = new Int32Array(kept - leftOut);
    this.#sizes = new Float64Array(kept - leftOut);
    while (stream.next()) {
      if (stream.view.key === NO_KEY) continue;
      this.#keys[this.#count] = stream.view.key;
      this.#sizes[this.#count++] = stream.view.size;
    }
  }

  fill(batch: RequestBatch): boolean {
    const end = Math.min(this.#count, this.#at + batch.objects.length);
    batch.count = end - this.#at;
    batch.objects.set(this.#keys.subarray(this.#at, end));
    batch.sizes.set(this.#sizes.subarray(this.#at, end));
    this.#at = end;
    return batch.count > 0;
  }
}

const [, , folder = "", ...capacities] = process.argv;
const seconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const args = cacheArguments({ policies: "lru", sizes: capacities.map(Number) });
const keys = new KeyNumbers(args);
const stream = await openTrace({ traces: [folder] }, keys);
const requests = new KeptColumns(stream, keys);
const before = process.cpuUsage();
const { rows } = simulateCache(args, { requests, goOn: () => true });
const findings: LruFindings = {
  requests: rows[0]?.requests ?? 0,
  hits: rows.map(({ hits }) => hits),
  loop: seconds(before),
  whole: seconds(),
};
console.log(JSON.stringify(findings));
