let last: Promise<void> = Promise.resolve();

/** Resolves in a turn of the event loop that nobody else gets by this: what is done in slices is done one slice a turn. */
export function ownTurn(): Promise<void> {
  last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
  return last;
}
