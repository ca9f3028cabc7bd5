// What one operation is to do. One object per in-flight entry, refilled for every request: its buffers are views of memory
// that the owner overwrites, so nothing here outlives the request.

import { Kind, Op } from "../core/operation.ts";

const NO_BYTES: Buffer = Buffer.alloc(0);

export class Order {
  /** Codes of core/operation.ts. */
  op = 0;
  kind = 0;
  /** Index of the endpoint. */
  registry = 0;
  /** Whose connections carry it: trace client with connections of its own, or -1 for the common ones. */
  session = -1;
  /** Bytes expected of a GET, sent by a PUT, PUSH or REQUEST. */
  size = 0;
  /** The body of a GET must have `digest` and `size`. */
  verify = false;
  /** A HEAD of something that does not exist: 404 is success. */
  expectMissing = false;
  /** A GET of a part of the object: 206 is success. A server may send all of it with 200. */
  ranged = false;
  /** SHA-256 of the object, 32 bytes. */
  digest: Buffer = NO_BYTES;
  /**
   * GET, HEAD, PING: the complete request head, without credentials. PUT and PUSH of a blob: `/v2/<name>`;
   * of a manifest: `/v2/<name>/manifests/<reference>`.
   */
  target: Buffer = NO_BYTES;
  /** Content key of a body that is made while it is sent. */
  key = "";
  /** Repository that a PUSH may mount the blob from; empty = none. */
  mountFrom = "";
  /** A body that cannot be made again (manifests), else `undefined`. */
  body: Buffer | undefined = undefined;
}

/** Whether the bytes of the operation are those that it sends, not those that it receives. */
export const sendsBody = ({ op, size }: Order): boolean =>
  op === Op.PUT || op === Op.PUSH || (op === Op.REQUEST && size > 0);

/** A PUT or PUSH that uploads a blob. A manifest whose body is made from a key is stored as a blob. */
export const isBlobPush = ({ op, kind, body }: Order): boolean =>
  (op === Op.PUT || op === Op.PUSH) && !(kind === Kind.manifest && body !== undefined);
