// Answers whose bodies are still coming from an upstream.
import { createHash } from "node:crypto";
import type { Behaviour } from "../behaviour.ts";
import type { Content } from "../content.ts";
import { type DigestAlgorithm, finishedDigest } from "../digest.ts";
import { objectReply } from "../object-reply.ts";
import type { Call, Registry } from "../registry.ts";
import { registryObject } from "../registry-object.ts";
import { apiVersion, type Reply } from "../reply.ts";
import type { BlobFetch, BlobStart } from "./blob-fetch.ts";
import { guarded } from "./growing-body.ts";
import { failure } from "./through-refusal.ts";
import type { ThroughTarget } from "./through-target.ts";
import type { UpstreamBody } from "./upstream.ts";

/** The leader's answer, written while the blob goes into the cache. */
export function liveReply(parts: {
  readonly registry: Registry;
  readonly call: Call;
  readonly fetch: BlobFetch;
  readonly start: Extract<BlobStart, { kind: "growing" }>;
  readonly reference: string;
}): Reply {
  const { registry, call, fetch, start, reference } = parts;
  return {
    ...headOf(registry.behaviour, reference, start.size),
    live: {
      chunks: untilLeft(start.body.read(), fetch),
      discard: () => fetch.leave(),
      whole: async () => {
        const outcome = await fetch.done;
        if (outcome.kind === "stored") {
          return objectReply(registry.behaviour, call.request.headers, outcome.object, "blob");
        }
        return outcome.kind === "refused" ? failure(registry, outcome.reply) : undefined;
      },
    },
  };
}

// The client is gone, or has everything.
async function* untilLeft(chunks: AsyncIterable<Buffer>, fetch: BlobFetch): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } finally {
    fetch.leave();
  }
}

/** An answer that goes to one client and into no cache. A part of a blob cannot be checked, all of it is. */
export function passedOn(
  behaviour: Behaviour,
  body: UpstreamBody,
  { reference }: ThroughTarget,
  algorithm: DigestAlgorithm,
): Reply {
  const { response, size } = body;
  const discard = (): void => body.discard();
  if (response.statusCode === 206) {
    const fields = ["Content-Type", "Content-Length", "Content-Range"].flatMap((name) => {
      const value = response.headers[name.toLowerCase()];
      return typeof value === "string" ? [name, value] : [];
    });
    return {
      status: 206,
      headers: [...apiVersion, ...fields, "Docker-Content-Digest", reference],
      body: undefined,
      live: { chunks: body.chunks(), whole: undefined, discard },
    };
  }
  const hash = createHash(algorithm);
  const chunks = guarded(
    hashed(body, (chunk) => hash.update(chunk)),
    {
      isGood: () => finishedDigest(hash, algorithm) === reference,
    },
  );
  return { ...headOf(behaviour, reference, size), live: { chunks, whole: undefined, discard } };
}

async function* hashed(
  body: UpstreamBody,
  update: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of body.chunks()) {
    update(chunk);
    yield chunk;
  }
}

/** Status and headers as a stored blob has them; without a length where the upstream announced none. */
export function headOf(
  behaviour: Behaviour,
  digest: string,
  size: number | undefined,
): Pick<Reply, "status" | "headers" | "body"> {
  const content: Content = { size: size ?? 0, whole: undefined, slices: () => [] };
  const { headers } = objectReply(behaviour, {}, registryObject(digest, content), "blob");
  const at = headers.indexOf("Content-Length");
  const isUnknown = size === undefined && at >= 0;
  return {
    status: 200,
    headers: isUnknown ? headers.toSpliced(at, 2) : headers,
    body: undefined,
  };
}
