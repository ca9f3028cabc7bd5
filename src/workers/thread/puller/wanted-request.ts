import type { LayoutFile } from "./layout-writer.ts";

/** What a request is for. Reused by its maker: read until `begin` returns. */
export type Wanted = {
  /** Class of pull-classes.ts. */
  type: number;
  head: Buffer;
  method: "GET" | "HEAD" | "DELETE";
  /** For the token's scope; empty = none. */
  repository: string;
  /** Bytes that must come, or -1. */
  size: number;
  /** Digest that the body must have; empty = not checked here. */
  digest: string;
  /** Keeps the body: a manifest. */
  collects: boolean;
  /** Statuses other than 200 are an answer, not a failure: a probe. */
  acceptsAny: boolean;
  /** On a connection that is closed behind it. */
  fresh: boolean;
  file: LayoutFile | undefined;
};

export const nothingWanted = (): Wanted => ({
  type: 0,
  head: Buffer.alloc(0),
  method: "GET",
  repository: "",
  size: -1,
  digest: "",
  collects: false,
  acceptsAny: false,
  fresh: false,
  file: undefined,
});

/** A plain GET, of which everything else is said by the caller. */
export function resetWanted(wanted: Wanted, type: number, head: Buffer, repository: string): void {
  wanted.type = type;
  wanted.head = head;
  wanted.method = "GET";
  wanted.repository = repository;
  wanted.size = -1;
  wanted.digest = "";
  wanted.collects = false;
  wanted.acceptsAny = false;
  wanted.fresh = false;
  wanted.file = undefined;
}
