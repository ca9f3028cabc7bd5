/** What adapters tell of the process around it; both become JSON. */
export type Surroundings = {
  /** Shards and which of them are there. */
  readonly cluster: () => unknown;
  /** State of the recorder; null where nothing is recorded. */
  readonly recorder: () => unknown;
  /** Why sessions cannot be served yet; undefined = they can. */
  readonly notReady: () => string | undefined;
};
