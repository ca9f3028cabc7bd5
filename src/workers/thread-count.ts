import { availableParallelism } from "node:os";

/** Operations at once that one request worker thread carries with ease; more of them get a second thread. */
const PLACES_PER_THREAD = 256;

/**
 * Request worker threads for so many operations at once, where `sharers` do the same on this machine. Places are shared out
 * among threads beforehand, so few places stay together: any operation may take any of them.
 */
export function threadCount(places: number, sharers: number): number {
  const spare = Math.max(1, availableParallelism() - 1);
  return Math.max(1, Math.min(Math.floor(spare / sharers), Math.ceil(places / PLACES_PER_THREAD)));
}
