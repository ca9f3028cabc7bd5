import type { Millis } from "../../core/units.ts";
import type { Repository } from "../repository.ts";

/** An image of the cache: a reference that was pulled through, and the manifest that it led to. */
export type CacheEntry = {
  /** `<ns>/<repo>:<tag>` or `<ns>/<repo>@<digest>`: what prune expressions are matched on. */
  readonly url: string;
  readonly repository: Repository;
  /** Tag or digest. */
  readonly reference: string;
  readonly digest: string;
  readonly createdAt: Millis;
  accessedAt: Millis;
};

/** Name of a reference of a cached repository, `name` with its namespace. */
export const imageUrl = (name: string, reference: string): string =>
  `${name}${reference.includes(":") ? "@" : ":"}${reference}`;
