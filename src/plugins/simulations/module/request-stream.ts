// `next` of the iterators runs per request. Guarded by perf/simulate-stream.bench.ts.
import { type RequestCursor, requestOf, type SimulationRequest } from "../simulation.ts";

/** Requests one by one, for traces larger than memory: `for await` as the contract says, plain `for` is faster. */
export class RequestStream
  implements AsyncIterable<SimulationRequest>, Iterable<SimulationRequest>
{
  readonly #requests: RequestCursor;

  constructor(requests: RequestCursor) {
    this.#requests = requests;
  }

  [Symbol.iterator](): IterableIterator<SimulationRequest> {
    const requests = this.#requests;
    return {
      next: (): IteratorResult<SimulationRequest> =>
        requests.next()
          ? { done: false, value: requestOf(requests) }
          : { done: true, value: undefined },
      [Symbol.iterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<SimulationRequest> {
    const rows = this[Symbol.iterator]();
    return {
      next: () => Promise.resolve(rows.next()),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
