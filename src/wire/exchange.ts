// The contract between a connection and whoever has a request on it. Runs once or a few times per request, so it is
// methods on objects that live as long as their table entry: no closure, no event, no promise.

/**
 * Head of a response. One object per connection: read it, do not keep it. `status` and `contentLength` hold until the next
 * exchange begins; the fields only during `onHead`, because their bytes lie in a buffer that all connections share. Asking
 * for one later is an invariant broken, not a wrong answer.
 */
export interface ResponseHead {
  readonly status: number;
  /** Length announced by the server, or -1 where it announced none (chunked, or until the connection closes). */
  readonly contentLength: number;
  /**
   * Value of a header field, trimmed; `undefined` where absent. `name` is lower case. Repeated fields are joined by ", ".
   * Makes a string: for redirects, challenges and uploads, not for the plain path.
   */
  value(name: string): string | undefined;
  /** The header fields as received, one line each, for what must not be joined (several WWW-Authenticate). */
  values(name: string): string[];
}

/** Whoever has the one exchange that is under way on a connection. After `onEnd` or `onFailure` nothing more comes. */
export interface ExchangeOwner {
  /** The final head; 1xx heads are skipped before. */
  onHead(head: ResponseHead): void;
  /** Body bytes, transfer coding removed: `buffer[from..to)`, borrowed until return (the receive buffer is shared). */
  onBody(buffer: Buffer, from: number, to: number): void;
  /** The response is complete. The connection is idle again or closed, and may be handed to the next exchange. */
  onEnd(): void;
  /**
   * The exchange failed: a code of core/failure.ts and a sentence for people. The connection is closed.
   * `untouched` = the connection stood before the exchange began and the server closed it without sending a single byte
   * of a response: the request may be sent again on a fresh connection.
   */
  onFailure(code: number, message: string, untouched: boolean): void;
}

/** Makes the body of an upload while it is being sent. */
export interface BodySource {
  /**
   * The next bytes of the body, at most as many as `chunk` has, at least one before the end and none behind it: `chunk` or
   * its beginning, filled, or memory of the source's own, which then stays as it is until `free` or for ever.
   */
  read(chunk: Buffer): Buffer;
  /** What was read last has been sent, so its memory may be used again. Not called for what a broken connection lost. */
  free?(): void;
}
