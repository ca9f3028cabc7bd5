import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";
import { random } from "../../core/random.ts";
import { isDigest } from "../masking/registry-mask.ts";
import { jsonObject } from "../registry-log/distribution-log.ts";
import { countOf, textOf } from "../registry-log/log-entry.ts";

/** An object of a registry; `size` in bytes. */
export type ImagePart = { readonly digest: string; readonly size: number };

export type Image = {
  readonly repo: string;
  readonly tag: string;
  readonly manifest: ImagePart;
  readonly config: ImagePart;
  readonly layers: readonly ImagePart[];
};

/** Of all parts of an image, in bytes. */
export const imageSize = ({ manifest, config, layers }: Image): number =>
  manifest.size + config.size + layers.reduce((sum, { size }) => sum + size, 0);

/** A file of JSON lines, one image each, the most popular first. Source: extract.md 5.3. */
export function readImages(path: string): readonly Image[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path} (--images): ${messageOf(error)}`);
  }
  const lines = text.split("\n").map((line) => line.trim());
  const images = lines.flatMap((line, at) =>
    line === "" ? [] : [imageOf(line, `${path}:${at + 1}`)],
  );
  if (images.length === 0) throw new UsageError(`${path} (--images) has no image`);
  return images;
}

function imageOf(line: string, place: string): Image {
  const fields = jsonObject(line);
  const repo = textOf(fields?.repo);
  const tag = textOf(fields?.tag);
  const manifest = partOf(fields?.manifest);
  const config = partOf(fields?.config);
  const given = fields?.layers;
  const layers = Array.isArray(given) ? given.map(partOf) : [undefined];
  const whole = layers.filter((layer) => layer !== undefined);
  const isWhole = manifest !== undefined && config !== undefined && whole.length === layers.length;
  if (repo === undefined || tag === undefined || !isWhole)
    throw new UsageError(
      `${place} is no image: it wants repo, tag, manifest {digest, size}, config {digest, size} and layers [{digest, size}]`,
    );
  return { repo, tag, manifest, config, layers: whole };
}

function partOf(value: unknown): ImagePart | undefined {
  const { digest, size } = (value ?? {}) as { digest?: unknown; size?: unknown };
  const text = textOf(digest);
  const bytes = countOf(size);
  return text === undefined || !isDigest(text) || bytes === undefined
    ? undefined
    : { digest: text, size: bytes };
}

const MANIFEST_BYTES_BASE = 700;
const MANIFEST_BYTES_PER_LAYER = 150;
const LAYERS_MAX = 11;
const SHARED_LAYERS = 6;
const LAYER_BYTES_MEDIAN = 1 << 20;
const LAYER_BYTES_MAX = 256 << 20;
const LAYER_SPREAD = 1.6;
/** Share of images that stand on one of the common layers. */
const SHARED = 0.7;

/** `count` invented images that follow from a seed: 2 to 12 layers, sizes log-normal, common layers at the bottom. */
export function syntheticImages(count: number, seed: string): readonly Image[] {
  const chance = random(`${seed}/images`);
  const part = (name: string, size: number): ImagePart => ({
    digest: `sha256:${createHash("sha256").update(`drayage/synthetic/${seed}/${name}`).digest("hex")}`,
    size,
  });
  const layerBytes = (): number => {
    const normal =
      Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
    return Math.min(
      LAYER_BYTES_MAX,
      Math.ceil(LAYER_BYTES_MEDIAN * Math.exp(LAYER_SPREAD * normal)),
    );
  };
  const shared = Array.from({ length: SHARED_LAYERS }, (_, at) =>
    part(`shared/${at}`, 4 * layerBytes()),
  );
  return Array.from({ length: count }, (_, at) => {
    const own = Array.from({ length: 1 + chance.integer(LAYERS_MAX) }, (_, layer) =>
      part(`${at}/${layer}`, layerBytes()),
    );
    const base = chance.next() < SHARED ? [shared[chance.integer(SHARED_LAYERS)] as ImagePart] : [];
    const layers = [...base, ...own];
    return {
      repo: `synthetic/image-${String(at + 1).padStart(4, "0")}`,
      tag: "latest",
      manifest: part(
        `${at}/manifest`,
        MANIFEST_BYTES_BASE + MANIFEST_BYTES_PER_LAYER * layers.length,
      ),
      config: part(
        `${at}/config`,
        MANIFEST_BYTES_BASE + 2 * MANIFEST_BYTES_PER_LAYER * layers.length,
      ),
      layers,
    };
  });
}
