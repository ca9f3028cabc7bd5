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
  const counts = { uris: 0, sizeless: 0, below4Bytes: 0, belowManifestFloor: 0 };
  const uri = { objects: 0, bytes: 0 };
  const digest = { objects: 0, bytes: 0 };
  let largest = -1;
  for (const number of warmUris(objects)) {
    const size = objects.sizeOf(number);
    counts.uris++;
    if (size === 0) {
      counts.sizeless++;
      continue;
    }
    uri.objects++;
    uri.bytes += size;
    if (isNewContent(contents, objects.refOf(number), size)) {
      digest.objects++;
      digest.bytes += size;
    }
    if (largest === -1 || size > objects.sizeOf(largest)) largest = number;
    if (size < DISTINCT_BYTES_MIN) counts.below4Bytes++;
    const isManifest = objects.kindOf(number) === Kind.manifest;
    if (isManifest && size < manifestFloor) counts.belowManifestFloor++;
  }
  return {
    ...counts,
    identity: { uri, digest },
    largest: largest === -1 ? null : largestOf(objects, largest),
    manifestFloor,
  };
}

function* warmUris(objects: ObjectCounts): Generator<number> {
  for (let number = 0; number < objects.uris.size; number++)
    if (objects.isWarm(number)) yield number;
}

/** With the identity `digest`, content follows from the last segment and the size. */
function isNewContent(contents: ByteMap, ref: Buffer, size: number): boolean {
  const content = Buffer.from(`${ref.toString("latin1")} ${size}`, "latin1");
  const known = contents.size;
  return contents.add(content, 0, content.length) === known;
}

const largestOf = (objects: ObjectCounts, number: number) => ({
  uri: objects.uris.keys.keyOf(number).toString("utf8"),
  bytes: objects.sizeOf(number),
});
