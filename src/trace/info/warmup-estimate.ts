import { Kind } from "../../core/operation.ts";
import { ByteMap } from "../byte-map.ts";
import type { ObjectCounts } from "./object-counts.ts";

/** Below it, content of different objects may be the same. Source: trace-replay.md 4.2. */
const DISTINCT_BYTES_MIN = 4;

export type WarmupEstimate = {
  /** Distinct URIs of GETs that a replay keeps. */
  readonly uris: number;
  /** Objects and bytes pushed, by `warmup.identity`. */
  readonly identity: Readonly<
    Record<"uri" | "digest", { readonly objects: number; readonly bytes: number }>
  >;
  readonly largest: { readonly uri: string; readonly bytes: number } | null;
  /** URIs whose size no record tells; they are in no figure below. */
  readonly sizeless: number;
  readonly below4Bytes: number;
  /** Manifests smaller than the smallest that can be made; `floor` in bytes. */
  readonly belowManifestFloor: number;
  readonly manifestFloor: number;
};

/** What a warm-up would push. Takes memory for the distinct objects once more, while it counts. */
export function warmupEstimate(objects: ObjectCounts, manifestFloor: number): WarmupEstimate {
  const contents = new ByteMap();
  const estimate = { uris: 0, sizeless: 0, below4Bytes: 0, belowManifestFloor: 0, manifestFloor };
  const uri = { objects: 0, bytes: 0 };
  const digest = { objects: 0, bytes: 0 };
  let largest = -1;
  for (let number = 0; number < objects.uris.size; number++) {
    if (!objects.isWarm(number)) continue;
    const size = objects.sizeOf(number);
    estimate.uris++;
    uri.objects++;
    uri.bytes += size;
    const content = Buffer.from(`${objects.refOf(number).toString("latin1")} ${size}`, "latin1");
    const known = contents.size;
    if (contents.add(content, 0, content.length) === known) {
      digest.objects++;
      digest.bytes += size;
    }
    if (size === 0) {
      estimate.sizeless++;
      continue;
    }
    if (largest === -1 || size > objects.sizeOf(largest)) largest = number;
    if (size < DISTINCT_BYTES_MIN) estimate.below4Bytes++;
    if (objects.kindOf(number) === Kind.manifest && size < manifestFloor)
      estimate.belowManifestFloor++;
  }
  return {
    ...estimate,
    identity: { uri, digest },
    largest:
      largest === -1
        ? null
        : {
            uri: objects.uris.keys.keyOf(largest).toString("utf8"),
            bytes: objects.sizeOf(largest),
          },
  };
}
