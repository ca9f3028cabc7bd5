// Which records of a trace no request can be made of. A trace is input: what stands in it must never end a request line, a
// path or a length field early. Runs once per record; budget 60 ns, no allocation.
import { Kind } from "../../core/operation.ts";
import type { RecordView } from "../../trace/record-view.ts";
import type { ObjectPlan } from "../feed-plan.ts";

/** As JSON text, six times as long at worst, both fit the lengths of a ring's record. */
const URI_BYTES_MAX = 8 * 1024;
const CLIENT_BYTES_MAX = 2 * 1024;
/** A manifest travels through the ring as a whole, and a record takes at most half of it. Registries end at 4 MiB. */
const MANIFEST_BYTES_MAX = 256 * 1024;

/** `unaddressable`: the uri names no place of a registry; `oversized`: longer or larger than the limits above. */
export type RecordRefusal = "unaddressable" | "oversized";

export type AddressRules = Pick<ObjectPlan, "repository" | "manifests">;

/** Why nothing can be sent for a record, if so. Where names or references are not sent, they may be anything. */
export function recordRefusal(
  record: RecordView,
  { repository, manifests }: AddressRules,
): RecordRefusal | undefined {
  const { buffer, uriAt, uriEnd, clientAt, clientEnd, kind } = record;
  if (uriEnd - uriAt > URI_BYTES_MAX || clientEnd - clientAt > CLIENT_BYTES_MAX) return "oversized";
  if (kind === Kind.ping) return undefined;
  const { nameAt, nameEnd, refAt, refEnd } = record;
  if (nameAt < 0) return "unaddressable";
  const asManifest = kind === Kind.manifest && manifests === "manifest";
  if (asManifest && record.size > MANIFEST_BYTES_MAX) return "oversized";
  if (repository === "single") return undefined;
  if (!isPath(buffer, nameAt, nameEnd)) return "unaddressable";
  return asManifest && !isPath(buffer, refAt, refEnd) ? "unaddressable" : undefined;
}

const SLASH = 47;
const DOT = 46;

/** What a segment of a path may hold as it is (RFC 3986, `pchar`), but for "%": nobody's name is encoded. */
const segmentBytes = new Uint8Array(256);
for (const byte of Buffer.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@",
))
  segmentBytes[byte] = 1;

/** Whether bytes go into a path as they are: segments of the bytes above, none of them empty, "." or "..". */
function isPath(buffer: Buffer, from: number, to: number): boolean {
  let segmentAt = from;
  for (let at = from; at < to; at++) {
    const byte = buffer[at] as number;
    if (byte === SLASH) {
      if (!isSegment(buffer, segmentAt, at)) return false;
      segmentAt = at + 1;
    } else if (segmentBytes[byte] === 0) return false;
  }
  return isSegment(buffer, segmentAt, to);
}

function isSegment(buffer: Buffer, from: number, to: number): boolean {
  const length = to - from;
  if (length === 0 || length > 2) return length > 0;
  return buffer[from] !== DOT || (length === 2 && buffer[from + 1] !== DOT);
}

const COLON = ":".charCodeAt(0);

/** A digest, or anything else that cannot be a tag: what is stored under it has the digest of its own bytes. */
export function isDigestReference(buffer: Buffer, from: number, to: number): boolean {
  const at = buffer.indexOf(COLON, from);
  return at >= 0 && at < to;
}
