import type { ArchiveEvent } from "../../archive/event.ts";
import type { HttpExchange } from "../../archive/exchange.ts";
import type { RegistryImage } from "./registry-image.ts";
import { isDigest, registryPath } from "./registry-path.ts";

/** An exchange and what is known besides; `name` as the archive calls it. */
export type Evidence = {
  readonly exchange: HttpExchange;
  readonly name: string;
  /** Tag or digest of the path. */
  readonly reference: string;
  readonly accept: string;
  /** The answer's body is compressed: its length says nothing. */
  readonly isEncoded: boolean;
  /** Bytes that the upload had before this request, if its beginning was seen. */
  readonly uploadBytes: number | undefined;
};

/** What the exchange proves, as changes of the image; the table stands in registry-image.ts. */
export function provenEvents(image: RegistryImage, evidence: Evidence): ArchiveEvent[] {
  const { exchange, name } = evidence;
  if (exchange.aborted !== undefined || name === "") return [];
  switch (exchange.class) {
    case "manifest-tag":
      return tagEvents(image, evidence);
    case "blob":
      return blobEvents(image, evidence);
    case "upload-start":
    case "upload-put":
      return uploadEvents(image, evidence);
    case "upload-mount": {
      const { digest, status } = exchange;
      if (status !== 201 || digest === undefined) return [];
      return image.addBlob(name, digest, image.blobSize(digest));
    }
    case "delete":
      return exchange.status === 202 ? deletion(image, evidence) : [];
    default:
      return [];
  }
}

function tagEvents(image: RegistryImage, evidence: Evidence): ArchiveEvent[] {
  const { exchange, name, reference, accept } = evidence;
  const { method, status, digest, req_headers, res_headers } = exchange;
  const isPut = method === "PUT" && status === 201;
  const isRead = (method === "GET" || method === "HEAD") && status === 200;
  if (digest !== undefined && (isPut || isRead)) {
    const media_type = mediaType(isPut ? req_headers : res_headers);
    const size = isPut ? exchange.req_bytes : sizeOf(evidence);
    return image.setTag(name, reference, { digest, media_type, size });
  }
  // CNCF distribution says 404 also where it has the tag, but not in a form that was asked for.
  const known = image.tag(name, reference);
  const isAsked =
    known !== undefined && (known.media_type === null || accept.includes(known.media_type));
  return status === 404 && isAsked ? image.removeTag(name, reference) : [];
}

function blobEvents(image: RegistryImage, evidence: Evidence): ArchiveEvent[] {
  const { status, digest, method } = evidence.exchange;
  if (digest === undefined || (method !== "GET" && method !== "HEAD")) return [];
  if (status !== 200 && status !== 206) return [];
  return image.addBlob(evidence.name, digest, sizeOf(evidence));
}

function uploadEvents(
  image: RegistryImage,
  { exchange, name, uploadBytes }: Evidence,
): ArchiveEvent[] {
  const { status, digest, method, req_bytes } = exchange;
  if (status !== 201 || digest === undefined || method === "GET") return [];
  const before = exchange.class === "upload-start" ? 0 : uploadBytes;
  return image.addBlob(name, digest, before === undefined ? null : before + req_bytes);
}

function deletion(image: RegistryImage, { exchange, name, reference }: Evidence): ArchiveEvent[] {
  if (registryPath(exchange.path).kind === "blob") return image.removeBlob(name, reference);
  return isDigest(reference)
    ? image.removeManifest(name, reference)
    : image.removeTag(name, reference);
}

/** Size of the object that was read, whole or in part. */
function sizeOf({ exchange, isEncoded }: Evidence): number | null {
  const { method, status, res_headers, res_bytes } = exchange;
  if (isEncoded) return null;
  if (status === 206) return whole(/\/(\d+)$/.exec(res_headers["Content-Range"] ?? "")?.[1]);
  return method === "HEAD" ? whole(res_headers["Content-Length"]) : res_bytes;
}

const whole = (digits: string | undefined): number | null =>
  digits === undefined || !/^\d{1,15}$/.test(digits) ? null : Number(digits);

const mediaType = (headers: HttpExchange["req_headers"]): string | null =>
  headers["Content-Type"]?.split(";", 1)[0]?.trim() ?? null;
