// Whose a session is. A shard that takes a session over from one that is lost counts its term up; what an owner of an earlier
// term still asks for is refused, so that two that take a session for theirs, since they did not hear each other, cannot both
// change it. Of two in one term it is that of the lower index.
export type Claim = {
  readonly owner: number;
  /** How often the session has changed hands. */
  readonly term: number;
};

export const outranks = (one: Claim, other: Claim): boolean =>
  one.term > other.term || (one.term === other.term && one.owner < other.owner);

export const isSameClaim = (one: Claim, other: Claim): boolean =>
  one.term === other.term && one.owner === other.owner;
