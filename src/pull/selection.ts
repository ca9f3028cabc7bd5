// Which images each puller pulls: the list, the filter, and one expression per puller. All matching is done before
// the run: an expression that takes long delays the start, and no pull. Source: pull-driver.md 2.4, 2.5.
import { runInNewContext } from "node:vm";
import { UsageError } from "../core/errors.ts";
import type { Re2Pattern } from "../core/re2-pattern.ts";
import { type Image, imageText } from "./image-list.ts";

/** All lists against all expressions; beyond it, the expression at work is named. */
export const MATCHING_MS_MAX = 10_000;
/** Of that limit: the watchdog only speaks up where nobody looks at the clock. */
const WATCHDOG_SHARE = 1.05;
/** Between two looks at the clock. */
const CHECK_EVERY = 64;
const OCIREGISTRY_SEGMENTS_MAX = 3;

export type SelectionInput = {
  readonly images: readonly Image[];
  readonly filter: Re2Pattern | undefined;
  readonly patterns: readonly Re2Pattern[];
  readonly matchOn: "ref" | "image";
  /** `host[:port]` of the cache and name of the upstream, as they stand in references. */
  readonly pullthroughHost: string;
  readonly namespace: string;
  readonly form: "path" | "ns" | "header" | "none";
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly limitMs: number;
};

export type Selection = {
  /** After the filter. */
  readonly images: readonly Image[];
  /** Per pattern, indices of `images`. */
  readonly matches: readonly (readonly number[])[];
  readonly warnings: readonly string[];
};

/** `ubuntu.me:8080/ubuntu.me:5000/ab/cd:v1`: how logs and patterns name an image. */
export const fullReference = (
  image: Image,
  { pullthroughHost, namespace }: Pick<SelectionInput, "pullthroughHost" | "namespace">,
): string => `${pullthroughHost}/${namespace}/${imageText(image)}`;

/** Throws UsageError for a pattern without match, an empty list, and expressions that take too long. */
export function selectImages(input: SelectionInput): Selection {
  const matching = new Matching(input);
  return matching.guarded(() => {
    const images = filtered(input, matching);
    const texts = images.map((image) =>
      input.matchOn === "ref" ? fullReference(image, input) : imageText(image),
    );
    const matches = input.patterns.map((pattern) => matching.indices(pattern, texts));
    refuseUnmatched(input.patterns, matches, texts);
    return { images, matches, warnings: warningsOf(input, images) };
  });
}

function filtered({ images, filter }: SelectionInput, matching: Matching): readonly Image[] {
  if (images.length === 0) throw new UsageError("the upstream has no image to pull");
  if (filter === undefined) return images;
  const kept = matching.indices(filter, images.map(imageText));
  const [sample] = images;
  if (kept.length === 0 && sample !== undefined)
    throw new UsageError(
      `--filter "${filter.text}" matches none of ${images.length} images, such as ${imageText(sample)}`,
    );
  return kept.map((index) => images[index] as Image);
}

class Matching {
  readonly #now: () => number;
  readonly #limitMs: number;
  readonly #until: number;
  #atWork = "";

  constructor({ now, limitMs }: Pick<SelectionInput, "now" | "limitMs">) {
    this.#now = now;
    this.#limitMs = limitMs;
    this.#until = now() + limitMs;
  }

  /** An expression that backtracks may spend longer than a life on a single text: nothing but V8's watchdog ends it. */
  guarded(match: () => Selection): Selection {
    try {
      const timeout = Math.ceil(this.#limitMs * WATCHDOG_SHARE);
      return runInNewContext("match()", { match }, { timeout }) as Selection;
    } catch (error) {
      // Of the other context, so no instance of this one's Error.
      const isOverdue =
        typeof error === "object" &&
        error !== null &&
        "code" in error &&
        error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
      throw isOverdue ? this.#tooLong() : error;
    }
  }

  indices(pattern: Re2Pattern, texts: readonly string[]): number[] {
    this.#atWork = pattern.text;
    const found: number[] = [];
    texts.forEach((text, index) => {
      if (pattern.regexp.test(text)) found.push(index);
      if (index % CHECK_EVERY === 0 && this.#now() > this.#until) throw this.#tooLong();
    });
    return found;
  }

  #tooLong(): UsageError {
    return new UsageError(
      `matching takes longer than ${this.#limitMs / 1000} s at "${this.#atWork}": write a simpler expression`,
    );
  }
}

function refuseUnmatched(
  patterns: readonly Re2Pattern[],
  matches: readonly (readonly number[])[],
  texts: readonly string[],
): void {
  const lines = patterns.flatMap(({ text }, index) =>
    (matches[index] as readonly number[]).length > 0
      ? []
      : [`pattern "${text}" matches none of ${texts.length} images, such as ${texts[0]}`],
  );
  if (lines.length > 0) throw new UsageError(lines);
}

function warningsOf(input: SelectionInput, images: readonly Image[]): string[] {
  const { patterns, matchOn, pullthroughHost, namespace, form } = input;
  const warnings: string[] = [];
  for (const { text, regexp } of patterns)
    if (matchOn === "ref" && text !== "*" && regexp.test(`${pullthroughHost}/`))
      warnings.push(
        `pattern "${text}" matches the host ${pullthroughHost}, so it selects every image; --match image leaves the host out`,
      );
  if (form !== "path") return warnings;
  if (!namespace.includes("."))
    warnings.push(
      `Ociregistry refuses "${namespace}" in a path, since it has no dot: use 127.0.0.1 instead of a name, or --namespace-form ns`,
    );
  const deep = images.find(
    ({ repository }) => repository.split("/").length > OCIREGISTRY_SEGMENTS_MAX,
  );
  if (deep !== undefined)
    warnings.push(
      `Ociregistry refuses repositories of more than ${OCIREGISTRY_SEGMENTS_MAX} segments, such as ${deep.repository}: try --namespace-form ns`,
    );
  return warnings;
}
