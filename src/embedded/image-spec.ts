import { UsageError } from "../core/errors.ts";
import type { Bytes } from "../core/units.ts";
import { parseSize } from "./quantity.ts";

/** What `--generate` asks for. Source: registry protocol 11.3. */
export interface ImageSpec {
  /** Base names; each appears once per suffix. */
  readonly repos: number;
  readonly layers: number;
  /** Size of the file in layer n is the n-th of these, beginning again when they run out. */
  readonly sizes: readonly Bytes[];
  /** A `*` becomes a digit that depends on the seed and the repository. */
  readonly tag: string;
  readonly suffixes: readonly string[];
  readonly platforms: readonly Platform[];
  readonly type: "oci" | "docker";
  readonly compress: "none" | "gzip";
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const REPOSITORIES_MAX = 100_000;
const LAYERS_MAX = 127;
/** A tar header holds sizes below 8 GiB, and the beginning of each size is hashed at the start. */
const LAYER_BYTES_MAX = 4 * 1024 ** 3;

type Readers = { readonly [Key in keyof ImageSpec]: (text: string) => ImageSpec[Key] };

const readers: Readers = {
  repos: (text) => countOf("repos", text, REPOSITORIES_MAX),
  layers: (text) => countOf("layers", text, LAYERS_MAX),
  sizes: (text) => text.split(":").map(layerSize),
  tag: tagPattern,
  suffixes: suffixesOf,
  platforms: (text) => text.split("+").map(platformOf),
  type: (text) => choiceOf("type", text, ["oci", "docker"]),
  compress: (text) => choiceOf("compress", text, ["none", "gzip"]),
};

const preset = {
  repos: "1",
  layers: "5",
  sizes: "1500",
  tag: "v1",
  suffix: "",
  platforms: "linux/amd64",
  type: "oci",
  compress: "none",
} as const;

/** `repos=150,layers=5,sizes=50K:200K:1M,suffix=-0001..-0010,…`; what is not given is preset. */
export function parseImageSpec(text: string): ImageSpec {
  const given: Record<string, string> = { ...preset };
  for (const part of text.split(",").filter((piece) => piece.trim() !== "")) {
    const [key = "", ...rest] = part.trim().split("=");
    if (!Object.hasOwn(preset, key) || rest.length === 0) {
      throw new UsageError(
        `--generate wants KEY=VALUE pairs with the keys ${Object.keys(preset).join(", ")}, not "${part.trim()}"`,
      );
    }
    given[key] = rest.join("=");
  }
  const of = (key: keyof typeof preset): string => given[key] ?? preset[key];
  const spec: ImageSpec = {
    repos: readers.repos(of("repos")),
    layers: readers.layers(of("layers")),
    sizes: readers.sizes(of("sizes")),
    tag: readers.tag(of("tag")),
    suffixes: readers.suffixes(of("suffix")),
    platforms: readers.platforms(of("platforms")),
    type: readers.type(of("type")),
    compress: readers.compress(of("compress")),
  };
  if (spec.repos * spec.suffixes.length > REPOSITORIES_MAX) {
    throw new UsageError(`--generate makes ${REPOSITORIES_MAX} repositories at most`);
  }
  return spec;
}

function countOf(key: string, text: string, max: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= max) return count;
  throw new UsageError(`--generate: ${key} wants a number from 1 to ${max}, not "${text}"`);
}

function layerSize(text: string): Bytes {
  const size = parseSize(text, "--generate: sizes");
  if (size <= LAYER_BYTES_MAX) return size;
  throw new UsageError(`--generate: a layer has ${LAYER_BYTES_MAX} bytes at most, not ${text}`);
}

function tagPattern(text: string): string {
  if (/^[a-zA-Z0-9_*][a-zA-Z0-9._*-]{0,127}$/.test(text)) return text;
  throw new UsageError(`--generate: "${text}" is not a tag`);
}

// `-0001..-0010` counts with the width of the first number; anything else is a single suffix.
function suffixesOf(text: string): string[] {
  const span = /^([a-z0-9._-]*?)(\d+)\.\.([a-z0-9._-]*?)(\d+)$/.exec(text);
  if (span === null) {
    if (/^[a-z0-9._-]*$/.test(text) && !text.includes("..")) return [text];
    throw new UsageError(`--generate: suffix wants a text or -0001..-0010, not "${text}"`);
  }
  const [, lead = "", first = "", , last = ""] = span;
  const count = Number(last) - Number(first) + 1;
  if (span[3] !== lead || count < 1 || count > REPOSITORIES_MAX) {
    throw new UsageError(
      `--generate: suffix wants a rising range such as -0001..-0010, not "${text}"`,
    );
  }
  return Array.from({ length: count }, (_, at) => {
    return `${lead}${String(Number(first) + at).padStart(first.length, "0")}`;
  });
}

function platformOf(text: string): Platform {
  const [os = "", architecture = "", variant, ...more] = text.split("/");
  if (os === "" || architecture === "" || variant === "" || more.length > 0) {
    throw new UsageError(`--generate: a platform is linux/amd64 or linux/arm64/v8, not "${text}"`);
  }
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

function choiceOf<Choice extends string>(
  key: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`--generate: ${key} is ${choices.join(" or ")}, not "${text}"`);
}
