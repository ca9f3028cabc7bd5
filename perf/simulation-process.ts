// A simulation of LRU in a process of its own, for the simulate-peers bench: prints what it found and what it cost as JSON.
// Its requests lie in memory when it begins, as those of the loop it is compared with.
//
//   node simulation-process.ts FOLDER CAPACITY...
import { cacheArguments } from "../src/plugins/simulations/cache/cache-arguments.ts";
import { simulateCache } from "../src/plugins/simulations/cache/cache-simulation.ts";
import type { RequestCursor } from "../src/plugins/simulations/simulation.ts";
import { openTrace } from "../src/trace/open-trace.ts";
import { type RecordBlock, RecordView, recordBlock } from "../src/trace/record-view.ts";
import type { TraceStream } from "../src/trace/trace-stream.ts";

/** Processor seconds of the first thread; `loop` is the simulation alone. */
export type LruFindings = {
  readonly requests: number;
  readonly hits: readonly number[];
  readonly loop: number;
  readonly whole: number;
};

const BLOCK_BYTES = 16 << 20;

/** The records of a trace in memory, one behind the other. */
class KeptRequests implements RequestCursor {
  readonly total: number;
  readonly interrupted = false;
  readonly delayUs = 0;
  readonly view: RecordView;
  seq = -1;
  readonly #blocks: RecordBlock[] = [recordBlock(Buffer.allocUnsafe(BLOCK_BYTES))];
  readonly #ends: number[] = [];
  #block = 0;
  #at = 0;

  constructor(stream: TraceStream) {
    let used = 0;
    while (stream.next()) {
      const { buffer, at, length } = stream.view;
      if (used + length > BLOCK_BYTES) {
        this.#ends.push(used);
        this.#blocks.push(recordBlock(Buffer.allocUnsafe(BLOCK_BYTES)));
        used = 0;
      }
      buffer.copy((this.#blocks.at(-1) as RecordBlock).buffer, used, at, at + length);
      used += length;
    }
    this.#ends.push(used);
    this.total = stream.account.kept;
    this.view = new RecordView(this.#blocks[0] as RecordBlock);
  }

  next(): boolean {
    if (this.seq >= 0) this.#at += this.view.length;
    if (this.#at >= (this.#ends[this.#block] as number)) {
      this.#block++;
      this.#at = 0;
    }
    const block = this.#blocks[this.#block];
    if (block === undefined) return false;
    this.view.moveTo(block, this.#at);
    this.seq++;
    return true;
  }
}

const [, , folder = "", ...capacities] = process.argv;
const seconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1e6;
};
const requests = new KeptRequests(await openTrace({ traces: [folder], texts: "addresses" }));
const before = process.threadCpuUsage();
const { rows } = simulateCache(cacheArguments({ policies: "lru", sizes: capacities.map(Number) }), {
  requests,
  say() {},
  goOn: () => true,
});
const findings: LruFindings = {
  requests: rows[0]?.requests ?? 0,
  hits: rows.map(({ hits }) => hits),
  loop: seconds(before),
  whole: seconds(),
};
console.log(JSON.stringify(findings));
