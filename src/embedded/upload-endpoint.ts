import { apiError } from "./api-error.ts";
import { chunkRangeOf } from "./byte-range.ts";
import { algorithmOf, type DigestAlgorithm } from "./digest.ts";
import { locationOf } from "./location.ts";
import type { Call, Registry } from "./registry.ts";
import { emptyReply, type Reply } from "./reply.ts";
import { type BodyEnd, readBody } from "./request-body.ts";
import type { UploadSession } from "./upload-session.ts";

// One upload session, request by request:
//
//   POST            -> 202  open      (`?digest=` with the body: 201 done; `?mount=&from=`: 201 done if it is there)
//   PATCH           -> 202  open, longer
//   GET             -> 204  open
//   PUT ?digest=    -> 201  gone, the blob is stored; 400 and gone when the digest does not fit
//   DELETE          -> 204  gone

/** POST (end-4a, 4b, 11). */
export async function startUpload(registry: Registry, call: Call): Promise<Reply | undefined> {
  const query = new URLSearchParams(call.route.query);
  const mount = query.get("mount");
  if (mount !== null && registry.behaviour.mounts) {
    const mounted = mountedBlob(registry, call, { digest: mount, from: query.get("from") });
    if (mounted !== undefined) return mounted;
  }
  const digest = query.get("digest");
  const algorithm = startAlgorithm(query);
  if (algorithm === undefined) return invalidDigest(digest ?? query.get("digest-algorithm"));
  const session = registry.uploads.open(call.route.name, algorithm, registry.now());
  if (session === undefined) return apiError("TOOMANYREQUESTS", "too many uploads are open");
  if (digest !== null && registry.behaviour.singlePost === 201) {
    session.isBusy = true;
    return finish(registry, call, session, digest);
  }
  return emptyReply(202, [
    ...sessionHeaders(registry, call, session),
    ...(registry.settings.chunkMinBytes > 0
      ? ["OCI-Chunk-Min-Length", String(registry.settings.chunkMinBytes)]
      : []),
  ]);
}

function startAlgorithm(query: URLSearchParams): DigestAlgorithm | undefined {
  const digest = query.get("digest");
  if (digest !== null) return algorithmOf(digest);
  const named = query.get("digest-algorithm") ?? "sha256";
  return named === "sha256" || named === "sha512" ? named : undefined;
}

// `undefined` = it cannot be mounted, and the client is offered an upload instead.
function mountedBlob(
  registry: Registry,
  call: Call,
  wanted: { readonly digest: string; readonly from: string | null },
): Reply | undefined {
  const { digest, from } = wanted;
  if (algorithmOf(digest) === undefined) return invalidDigest(digest);
  if (from === null || !registry.store.find(from)?.hasBlob(digest)) return undefined;
  if (registry.gate !== undefined && !registry.gate.mayPull(call, from)) return undefined;
  registry.store.findOrCreate(call.route.name).mountBlob(digest);
  return created(registry, call, digest);
}

/** PATCH (end-5). */
export function appendToUpload(registry: Registry, call: Call): Promise<Reply | undefined> {
  return withSession(registry, call, async (session) => {
    const end = await receive(registry, call, session);
    if (end === "aborted") return undefined;
    if (end !== "complete") return end;
    return emptyReply(registry.behaviour.patchStatus, sessionHeaders(registry, call, session));
  });
}

/** PUT (end-6), with or without a last piece of the body. */
export function finishUpload(registry: Registry, call: Call): Promise<Reply | undefined> {
  return withSession(registry, call, (session) => {
    const digest = new URLSearchParams(call.route.query).get("digest");
    if (digest === null || algorithmOf(digest) === undefined) {
      return Promise.resolve(invalidDigest(digest));
    }
    return finish(registry, call, session, digest);
  });
}

/** GET (end-13). */
export function uploadStatus(registry: Registry, call: Call): Promise<Reply | undefined> {
  if (!registry.behaviour.hasUploadStatus) return Promise.resolve(badRequest());
  return withSession(registry, call, (session) =>
    Promise.resolve(emptyReply(204, sessionHeaders(registry, call, session))),
  );
}

/** DELETE. */
export function cancelUpload(registry: Registry, call: Call): Promise<Reply | undefined> {
  if (!registry.behaviour.hasUploadStatus) return Promise.resolve(badRequest());
  return withSession(registry, call, (session) => {
    registry.uploads.cancel(session);
    return Promise.resolve(emptyReply(204));
  });
}

async function withSession(
  registry: Registry,
  call: Call,
  use: (session: UploadSession) => Promise<Reply | undefined>,
): Promise<Reply | undefined> {
  const { name, reference, query } = call.route;
  const session = registry.uploads.find(reference, name, registry.now());
  if (session === undefined) {
    return apiError("BLOB_UPLOAD_UNKNOWN", "no such upload, or it has expired", {
      detail: { upload: reference },
    });
  }
  if (session.isBusy) {
    return apiError("BLOB_UPLOAD_INVALID", "another request is writing to this upload");
  }
  // Compared as text, so that a client that decodes, sorts or drops parts of the query is found out.
  if (session.state !== "" && !query.split("&").includes(`_state=${session.state}`)) {
    return apiError("BLOB_UPLOAD_INVALID", "_state is not what the last Location said");
  }
  session.isBusy = true;
  try {
    return await use(session);
  } finally {
    session.isBusy = false;
    session.touchedAt = registry.now();
  }
}

async function finish(
  registry: Registry,
  call: Call,
  session: UploadSession,
  digest: string,
): Promise<Reply | undefined> {
  const algorithm = algorithmOf(digest);
  if (algorithm !== undefined) session.useAlgorithm(algorithm);
  const end = await receive(registry, call, session);
  // A single POST that came to nothing leaves a session that nobody has a Location for.
  if (end !== "complete" && call.method === "POST") registry.uploads.cancel(session);
  if (end === "aborted") return undefined;
  if (end !== "complete") return end;
  const actual = session.digest();
  if (actual !== digest) {
    registry.uploads.cancel(session);
    return apiError("DIGEST_INVALID", "the content does not have this digest", {
      detail: { digest, actual },
    });
  }
  const heldBytes = session.size;
  registry.store.findOrCreate(session.name).addBlob(digest, session.content(), heldBytes);
  registry.uploads.close(session);
  return created(registry, call, digest);
}

/** Reads the body into the session, after checking where the client says that it belongs. */
async function receive(registry: Registry, call: Call, session: UploadSession): Promise<BodyEnd> {
  const header = call.request.headers["content-range"];
  const range = header === undefined ? undefined : chunkRangeOf(header);
  if (registry.behaviour.checksContentRange && header !== undefined) {
    if (range === undefined) {
      return apiError("BLOB_UPLOAD_INVALID", "Content-Range wants <first>-<last>", {
        detail: { contentRange: header },
      });
    }
    const refusal = misplaced(registry, call, session, range);
    if (refusal !== undefined) return refusal;
  }
  const before = session.size;
  const end = await readBody(registry, call, (piece) =>
    session.append(piece) ? undefined : memoryFull(registry),
  );
  if (end !== "complete" || !registry.behaviour.checksContentRange || range === undefined)
    return end;
  const received = session.size - before;
  if (received < registry.settings.chunkMinBytes) session.hadShortChunk = true;
  return received === range.to - range.from ? "complete" : wrongLength(received);
}

function misplaced(
  registry: Registry,
  call: Call,
  session: UploadSession,
  range: { readonly from: number; readonly to: number },
): Reply | undefined {
  if (range.from !== session.size) {
    return apiError("BLOB_UPLOAD_INVALID", "the chunk does not continue where the upload stands", {
      status: 416,
      headers: sessionHeaders(registry, call, session),
      detail: { expected: session.size, got: range.from },
    });
  }
  if (session.hadShortChunk) {
    return apiError("SIZE_INVALID", "a chunk below OCI-Chunk-Min-Length must be the last one", {
      detail: { chunkMin: registry.settings.chunkMinBytes },
    });
  }
  const length = call.request.headers["content-length"];
  if (length !== undefined && Number(length) !== range.to - range.from) {
    return wrongLength(Number(length));
  }
  return undefined;
}

const wrongLength = (got: number): Reply =>
  apiError("SIZE_INVALID", "Content-Range and the length of the body differ", { detail: { got } });

/** 507: the error codes of the specification have none for a full store. */
export const memoryFull = (registry: Registry): Reply =>
  apiError(
    "DENIED",
    `the registry's memory is full (--memory, ${registry.store.budget.capBytes} bytes)`,
    {
      status: 507,
      detail: { usedBytes: registry.store.budget.usedBytes },
    },
  );

const badRequest = (): Reply =>
  apiError("BLOB_UPLOAD_INVALID", "the imitated registry does not know this request");

const invalidDigest = (digest: string | null): Reply =>
  apiError("DIGEST_INVALID", "digest wants sha256 or sha512 and the hexadecimal text", {
    detail: { digest },
  });

function created(registry: Registry, call: Call, digest: string): Reply {
  const path = `/v2/${call.route.name}/blobs/${digest}`;
  return emptyReply(201, [
    ...(registry.behaviour.hasLocationAfterPut
      ? ["Location", locationOf(registry, call, path)]
      : []),
    "Docker-Content-Digest",
    digest,
  ]);
}

// A new upload says 0-0 like CNCF distribution, although this cannot be told from one byte.
function sessionHeaders(registry: Registry, call: Call, session: UploadSession): string[] {
  if (registry.settings.stateQuery) session.renewState();
  const state = session.state === "" ? "" : `?_state=${session.state}`;
  const path = `/v2/${session.name}/blobs/uploads/${session.id}${state}`;
  return [
    "Location",
    locationOf(registry, call, path),
    "Range",
    `0-${Math.max(0, session.size - 1)}`,
    "Docker-Upload-UUID",
    session.id,
  ];
}
