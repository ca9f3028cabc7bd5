import type { LayoutFile } from "./layout-writer.ts";

/**
 * `any`: a probe; `success`: 2xx; `no-head`: 405, of a server that has no HEAD; `redirect`: a blob that lies elsewhere and is not
 * fetched from there; `none`: 200 alone will do.
 */
export type Accepted = "any" | "success" | "no-head" | "redirect" | "none";

const REDIRECT_CODES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export const isRedirect = (status: number): boolean => REDIRECT_CODES.has(status);

export function isAccepted(status: number, accepted: Accepted): boolean {
  switch (accepted) {
    case "any":
      return true;
    case "success":
      return status >= 200 && status < 300;
    case "no-head":
      return status === 405;
    case "redirect":
      return isRedirect(status);
    case "none":
      return false;
    default:
      return accepted satisfies never;
  }
}

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
  /** Statuses besides 200 that are an answer and no failure. */
  accepts: Accepted;
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
  accepts: "none",
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
  wanted.accepts = "none";
  wanted.fresh = false;
  wanted.file = undefined;
}
