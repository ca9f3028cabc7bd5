// Answers GET and HEAD of blobs and manifests: the registry's hottest code after the server itself. The plain 200 is made
// once per object and reused; bench: docs/embedded-registry.md says how to measure it with wrk.
import type { IncomingHttpHeaders } from "node:http";
import { apiError } from "./api-error.ts";
import type { Behaviour } from "./behaviour.ts";
import { type ByteRange, rangeOf } from "./byte-range.ts";
import type { RegistryObject } from "./registry-object.ts";
import { apiVersion, emptyReply, type Reply, wholeBody } from "./reply.ts";

export function objectReply(
  behaviour: Behaviour,
  headers: IncomingHttpHeaders,
  object: RegistryObject,
  kind: "blob" | "manifest",
): Reply {
  if (behaviour.hasEtag && headers["if-none-match"] !== undefined) {
    if (namesEtag(headers["if-none-match"], object)) {
      return emptyReply(304, identityHeaders(behaviour, object));
    }
  }
  if (behaviour.hasRange && headers.range !== undefined && isSameAs(headers["if-range"], object)) {
    const range = rangeOf(headers.range, object.content.size);
    if (range === "unsatisfiable") return outOfRange(object);
    if (range !== undefined) return partialReply(behaviour, object, range);
  }
  object.fullReply ??= fullReply(behaviour, object, kind);
  return object.fullReply;
}

const etagOf = (object: RegistryObject): string => `"${object.digest}"`;

const namesEtag = (header: string, object: RegistryObject): boolean =>
  header.trim() === "*" ||
  header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etagOf(object));

const isSameAs = (ifRange: string | string[] | undefined, object: RegistryObject): boolean =>
  ifRange === undefined || ifRange === etagOf(object);

function identityHeaders(behaviour: Behaviour, object: RegistryObject): string[] {
  const digest = ["Docker-Content-Digest", object.digest];
  return behaviour.hasEtag ? [...digest, "ETag", etagOf(object)] : digest;
}

function fullReply(behaviour: Behaviour, object: RegistryObject, kind: "blob" | "manifest"): Reply {
  const body = wholeBody(object.content);
  if (kind === "blob" && behaviour.blobHeaders === "none")
    return { status: 200, headers: [], body };
  return {
    status: 200,
    headers: [
      ...apiVersion,
      ...(kind === "blob" && behaviour.blobHeaders === "plain"
        ? []
        : ["Content-Type", object.mediaType]),
      "Content-Length",
      String(object.content.size),
      ...identityHeaders(behaviour, object),
      ...(behaviour.hasRange ? ["Accept-Ranges", "bytes"] : []),
    ],
    body,
  };
}

function partialReply(behaviour: Behaviour, object: RegistryObject, range: ByteRange): Reply {
  const { size } = object.content;
  return {
    status: 206,
    headers: [
      ...apiVersion,
      "Content-Type",
      object.mediaType,
      "Content-Length",
      String(range.to - range.from),
      "Content-Range",
      `bytes ${range.from}-${range.to - 1}/${size}`,
      ...identityHeaders(behaviour, object),
    ],
    body: { content: object.content, from: range.from, to: range.to },
  };
}

const outOfRange = (object: RegistryObject): Reply =>
  apiError("SIZE_INVALID", "the range lies outside of the content", {
    status: 416,
    headers: ["Content-Range", `bytes */${object.content.size}`],
    detail: { size: object.content.size },
  });
