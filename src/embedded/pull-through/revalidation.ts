import { acceptManifests } from "../../registry/media-type.ts";
import { fetchManifest, type ManifestFetchParts, type ManifestOutcome } from "./manifest-fetch.ts";
import type { PullThrough } from "./pull-through.ts";
import type { ThroughTarget } from "./through-target.ts";

/**
 * A manifest that is not in the cache, or a tag whose meaning is asked for again.
 *
 *   upstream's HEAD        cached tag
 *   same digest            is answered
 *   another, or none       is fetched anew
 *   404                    is dropped, the 404 is passed on
 *   any other refusal      is answered: an upstream in trouble must not make things worse
 */
export async function refreshManifest(
  { cache }: PullThrough,
  target: ThroughTarget,
  fetchBlob: ManifestFetchParts["fetchBlob"],
): Promise<ManifestOutcome> {
  const { upstream, name, key, reference } = target;
  const cached = cache.manifest(key, reference);
  if (cached === undefined) return await fetchManifest({ target, cache, fetchBlob });
  const answer = await upstream.ask({
    method: "HEAD",
    type: "manifest",
    target: `/v2/${name}/manifests/${reference}`,
    scope: `repository:${name}:pull`,
    headers: { accept: `${acceptManifests}, */*` },
  });
  if (answer.kind === "refused") {
    if (answer.reply.status !== 404) return { kind: "fetched", manifest: cached, isCached: true };
    cache.dropReference(key, reference);
    return answer;
  }
  answer.body.response.resume();
  const digest = answer.body.response.headers["docker-content-digest"];
  if (digest === cached.object.digest) {
    return { kind: "fetched", manifest: cached, isCached: true };
  }
  return await fetchManifest({ target, cache, fetchBlob });
}
