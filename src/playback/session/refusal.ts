/** Why a request about sessions is refused; each adapter has its own way to say so. */
export type RefusalKind = "bad" | "missing" | "limit" | "too-large" | "not-ready";

/** A request that changes nothing. The message is what whoever asked reads, on every adapter the same. */
export class Refusal extends Error {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
