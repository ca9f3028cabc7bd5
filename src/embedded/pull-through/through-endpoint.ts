// GET and HEAD of manifests and blobs through the cache.
import { invariant } from "../../core/errors.ts";
import { isTag } from "../../registry/reference.ts";
import { algorithmOf, type DigestAlgorithm } from "../digest.ts";
import { objectReply } from "../object-reply.ts";
import type { Call, Registry } from "../registry.ts";
import type { Reply } from "../reply.ts";
import { askForBlob, BlobFetch, type BlobOutcome } from "./blob-fetch.ts";
import { headOf, liveReply, passedOn } from "./live-reply.ts";
import { type Place, withinTime } from "./parking.ts";
import type { PullThrough } from "./pull-through.ts";
import { refreshManifest } from "./revalidation.ts";
import { badReference, failure, parkedTooLong } from "./through-refusal.ts";
import { type ThroughTarget, throughTarget } from "./through-target.ts";

/** One request through the cache, its upstream found. */
type Passage = {
  readonly registry: Registry;
  readonly through: PullThrough;
  readonly call: Call;
  readonly target: ThroughTarget;
};

export function readManifestThrough(registry: Registry, call: Call): Promise<Reply> | Reply {
  const passage = passageOf(registry, call);
  if ("status" in passage) return passage;
  const { through, target } = passage;
  const { key, reference } = target;
  if (!isTag(reference) && algorithmOf(reference) === undefined) return badReference(reference);
  const cached = through.cache.manifest(key, reference);
  if (cached === undefined || (through.revalidates && isTag(reference))) {
    return fetchedManifest(passage);
  }
  through.counters.result(target.upstream.name, "manifest", "hit");
  through.counters.cachedPull(target.upstream.name);
  return objectReply(registry.behaviour, call.request.headers, cached.object, "manifest");
}

async function fetchedManifest({ registry, through, call, target }: Passage): Promise<Reply> {
  const { counters, manifests } = through;
  const place = manifests.join(`${target.key} ${target.reference}`, (end) =>
    refreshManifest(through, target, fetchBlobOf(through)).finally(end),
  );
  const outcome = place.isLeader
    ? await place.fetch
    : await withinTime(place.fetch, through.parkTimeoutMs);
  const isHit = outcome?.kind === "fetched" && outcome.isCached;
  const own = isHit ? "hit" : "miss";
  counters.result(target.upstream.name, "manifest", place.isLeader ? own : "parked");
  if (outcome === undefined) return parkedTooLong(registry, through);
  if (outcome.kind === "refused") return failure(registry, outcome.reply);
  if (isHit || !place.isLeader) counters.cachedPull(target.upstream.name);
  const { object } = outcome.manifest;
  return objectReply(registry.behaviour, call.request.headers, object, "manifest");
}

export function readBlobThrough(registry: Registry, call: Call): Promise<Reply> | Reply {
  const passage = passageOf(registry, call);
  if ("status" in passage) return passage;
  const { through, target } = passage;
  const algorithm = algorithmOf(target.reference);
  if (algorithm === undefined) return badReference(target.reference);
  const cached = through.cache.blob(target.key, target.reference);
  if (cached !== undefined) {
    through.counters.result(target.upstream.name, "blob", "hit");
    return objectReply(registry.behaviour, call.request.headers, cached, "blob");
  }
  return call.method === "HEAD" ? blobHead(passage) : fetchedBlob(passage, algorithm);
}

// Its size and its being there are the upstream's to say: nothing is fetched for a HEAD.
async function blobHead({ registry, through, target }: Passage): Promise<Reply> {
  const { upstream, name, reference } = target;
  through.counters.result(upstream.name, "blob", "miss");
  const answer = await upstream.ask({
    method: "HEAD",
    type: "blob",
    target: `/v2/${name}/blobs/${reference}`,
    scope: `repository:${name}:pull`,
  });
  if (answer.kind === "refused") return failure(registry, answer.reply);
  answer.body.response.resume();
  return { ...headOf(registry.behaviour, reference, answer.body.size), body: undefined };
}

const conditions = ["range", "if-none-match"] as const;

async function fetchedBlob(passage: Passage, algorithm: DigestAlgorithm): Promise<Reply> {
  const { registry, through, call, target } = passage;
  // A part of a blob, or none of it, is answered once all of it is here.
  const streams = conditions.every((name) => call.request.headers[name] === undefined);
  const place = joinBlob(through, target, { algorithm, takesOver: streams });
  through.counters.result(target.upstream.name, "blob", place.isLeader ? "miss" : "parked");
  if (place.isLeader && streams) {
    const start = await place.fetch.started;
    if (start.kind === "growing") {
      return liveReply({ registry, call, fetch: place.fetch, start, reference: target.reference });
    }
    if (start.kind === "passing") {
      through.counters.uncached++;
      return passedOn(registry.behaviour, start.body, target, algorithm);
    }
  }
  return blobAtTheEnd(passage, place, algorithm);
}

async function blobAtTheEnd(
  passage: Passage,
  { fetch, isLeader }: Place<BlobFetch>,
  algorithm: DigestAlgorithm,
): Promise<Reply> {
  const { registry, through, call } = passage;
  const outcome = isLeader ? await fetch.done : await withinTime(fetch.done, through.parkTimeoutMs);
  fetch.leave();
  switch (outcome?.kind) {
    case undefined:
      return parkedTooLong(registry, through);
    case "stored":
      return objectReply(registry.behaviour, call.request.headers, outcome.object, "blob");
    case "refused":
      return failure(registry, outcome.reply);
    case "passing":
      return passedBlob(passage, algorithm);
    default:
      return outcome satisfies never;
  }
}

// For whom the fetch that he waited for came to nothing, because nothing of that size can be kept.
async function passedBlob(
  { registry, through, call, target }: Passage,
  algorithm: DigestAlgorithm,
): Promise<Reply> {
  through.counters.uncached++;
  const range = registry.behaviour.hasRange ? call.request.headers.range : undefined;
  const answer = await askForBlob(target, range);
  if (answer.kind === "refused") return failure(registry, answer.reply);
  return passedOn(registry.behaviour, answer.body, target, algorithm);
}

function joinBlob(
  { blobs, cache }: PullThrough,
  target: ThroughTarget,
  how: { readonly algorithm: DigestAlgorithm; readonly takesOver: boolean },
): Place<BlobFetch> {
  const place = blobs.join(
    `${target.key} ${target.reference}`,
    (onEnd) => new BlobFetch({ ...how, target, cache, onEnd }),
  );
  place.fetch.enter();
  return place;
}

/** For eager fetches: never leaves, so the blob comes whatever becomes of the client. */
function fetchBlobOf(
  through: PullThrough,
): ((target: ThroughTarget) => Promise<BlobOutcome>) | undefined {
  if (!through.isEager) return undefined;
  return (target) => {
    const algorithm = algorithmOf(target.reference) ?? "sha256";
    return joinBlob(through, target, { algorithm, takesOver: false }).fetch.done;
  };
}

function passageOf(registry: Registry, call: Call): Passage | Reply {
  const { through, behaviour } = registry;
  invariant(through !== undefined, "these endpoints exist in pull-through mode only");
  const target = throughTarget(through.names, call.route, call.request.headers);
  if ("status" in target) return target;
  const reference = behaviour.foldsCase ? target.reference.toLowerCase() : target.reference;
  return { registry, through, call, target: { ...target, reference } };
}
