import { UsageError } from "../core/errors.ts";
import { type Random, random } from "../core/random.ts";
import { dockerList, dockerManifest, ociIndex, ociManifest } from "../registry/media-type.ts";
import { bufferContent } from "./content.ts";
import { digestOf } from "./digest.ts";
import { type GeneratedLayer, LayerMaker } from "./generated-layer.ts";
import { type ImageSpec, type Platform, parseImageSpec } from "./image-spec.ts";
import { readManifest } from "./manifest-document.ts";
import { registryObject } from "./registry-object.ts";
import type { RegistryStore } from "./registry-store.ts";
import type { Repository, StoredManifest } from "./repository.ts";

// Test images, the same bytes for the same seed and specification: no times, no names of this machine.

const NAME_LETTERS = 10;

const types = {
  oci: {
    manifest: ociManifest,
    index: ociIndex,
    config: "application/vnd.oci.image.config.v1+json",
    layer: {
      none: "application/vnd.oci.image.layer.v1.tar",
      gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
    },
  },
  docker: {
    manifest: dockerManifest,
    index: dockerList,
    config: "application/vnd.docker.container.image.v1+json",
    layer: {
      none: "application/vnd.docker.image.rootfs.diff.tar",
      gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    },
  },
} as const;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What `--generate` says, and what belongs to it. */
export type GeneratedImages = {
  readonly text: string;
  readonly seed: string;
  /** Share of the layers that all images have in common, 0..1. */
  readonly sharedLayers: number;
};

/** Puts the images that are asked for into the store. Layers take no memory: they are made while they are sent. */
export function generateImages(store: RegistryStore, wanted: GeneratedImages): void {
  const spec = parseImageSpec(wanted.text);
  const layers = new LayerMaker(wanted.seed, spec.compress === "gzip");
  const sharedCount = Math.round(spec.layers * wanted.sharedLayers);
  const chance = random(`${wanted.seed}/images`);
  for (const base of baseNames(spec.repos, chance)) {
    for (const suffix of spec.suffixes) {
      const repository = store.findOrCreate(`${base}${suffix}`);
      const image = new ImageBuilder(store, repository, { spec, layers, sharedCount });
      repository.setTag(tagFrom(spec.tag, chance), image.build());
    }
  }
}

// `<10 letters>-<10 letters>`, each once.
function baseNames(count: number, chance: Random): Set<string> {
  const names = new Set<string>();
  while (names.size < count) names.add(`${letters(chance)}-${letters(chance)}`);
  return names;
}

const letters = (chance: Random): string =>
  Array.from({ length: NAME_LETTERS }, () => String.fromCharCode(97 + chance.integer(26))).join("");

const tagFrom = (pattern: string, chance: Random): string =>
  pattern.replaceAll("*", () => String(chance.integer(10)));

interface Recipe {
  readonly spec: ImageSpec;
  readonly layers: LayerMaker;
  /** The first so many layers are the same in all images. */
  readonly sharedCount: number;
}

class ImageBuilder {
  readonly #store: RegistryStore;
  readonly #repository: Repository;
  readonly #recipe: Recipe;

  constructor(store: RegistryStore, repository: Repository, recipe: Recipe) {
    this.#store = store;
    this.#repository = repository;
    this.#recipe = recipe;
  }

  /** What the tag names: the manifest, or an index over one manifest per platform. */
  build(): StoredManifest {
    const { spec } = this.#recipe;
    const manifests = spec.platforms.map((platform) => this.#platformManifest(platform));
    const [only] = manifests;
    if (only !== undefined && manifests.length === 1) return only;
    const children = manifests.map(({ object }, at) => ({
      mediaType: object.mediaType,
      digest: object.digest,
      size: object.content.size,
      platform: spec.platforms[at],
    }));
    return this.#addManifest(types[spec.type].index, { manifests: children });
  }

  #platformManifest(platform: Platform): StoredManifest {
    const { spec } = this.#recipe;
    const layers = Array.from({ length: spec.layers }, (_, at) => this.#layer(platform, at));
    const config = this.#addConfig(platform, layers);
    return this.#addManifest(types[spec.type].manifest, {
      config,
      layers: layers.map(({ digest, content }) => ({
        mediaType: types[spec.type].layer[spec.compress],
        digest,
        size: content.size,
      })),
    });
  }

  #layer(platform: Platform, at: number): GeneratedLayer {
    const { spec, layers, sharedCount } = this.#recipe;
    const owner = at < sharedCount ? "*" : this.#repository.name;
    const { os, architecture, variant = "" } = platform;
    const key = `${owner}/${os}/${architecture}/${variant}/${at}`;
    const layer = layers.layer(key, spec.sizes[at % spec.sizes.length] as number);
    this.#repository.addBlob(layer.digest, layer.content, 0);
    return layer;
  }

  #addConfig(platform: Platform, layers: readonly GeneratedLayer[]): Descriptor {
    const body = Buffer.from(
      JSON.stringify({
        architecture: platform.architecture,
        os: platform.os,
        ...(platform.variant === undefined ? {} : { variant: platform.variant }),
        config: {},
        rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      }),
    );
    this.#take(body);
    const digest = digestOf(body);
    this.#repository.addBlob(digest, bufferContent(body), body.length);
    return { mediaType: types[this.#recipe.spec.type].config, digest, size: body.length };
  }

  #addManifest(mediaType: string, fields: object): StoredManifest {
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
    this.#take(body);
    const document = readManifest(body, mediaType);
    const manifest = {
      object: registryObject(digestOf(body), bufferContent(body), mediaType),
      document: typeof document === "string" ? undefined : document,
    };
    this.#repository.addManifest(manifest);
    return manifest;
  }

  #take(body: Buffer): void {
    if (this.#store.budget.take(body.length)) return;
    throw new UsageError("--generate makes more manifests than --memory has room for");
  }
}
