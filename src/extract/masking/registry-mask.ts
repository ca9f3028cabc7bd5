// Pseudonyms of registry fields that keep a trace replayable: digests stay digests, names keep their depth, equal things
// stay equal. Source: extract.md 6.4.
import { createHmac } from "node:crypto";
import { UsageError } from "../../core/errors.ts";
import type { DistinctValues } from "./distinct-values.ts";
import type { MaskClass, MaskPolicy } from "./mask-policy.ts";
import { type Mask, remembered } from "./masker.ts";
import { derivedKey, fullHash } from "./pseudonym.ts";

export type RegistryMaskOptions = {
  /** `ibm8`: eight digits for everything, as in the published registry traces. */
  readonly style: "full" | "ibm8";
  readonly keepLibrary: boolean;
  readonly keepTags: readonly string[];
  readonly distinct: DistinctValues;
};

const NAME_DIGITS = 24;
const NAME_DIGITS_MIN = 16;
const NAME_LENGTH_MAX = 255;
const ID_DIGITS = 32;
const IBM_DIGITS = 8;
const DIGEST = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):([0-9a-f]{32,})$/i;

/** Whether a reference is a digest rather than a tag. */
export const isDigest = (reference: string): boolean => DIGEST.test(reference);

/** Algorithms of digests that keep their name; a client may have sent anything as one. */
const ALGORITHMS: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512", "blake3"]);
const ALGORITHM = "sha256";
/** Methods of HTTP; a client may have sent anything as one. */
const METHODS: ReadonlySet<string> = new Set(
  "GET HEAD PUT POST PATCH DELETE OPTIONS TRACE CONNECT".split(" "),
);
const OTHER_METHOD = "OTHER";

export interface RegistryMask {
  /** Unknown ones become `OTHER`. */
  method(method: string): string;
  /** Path components of a repository. */
  repository(components: readonly string[]): readonly string[];
  tag(tag: string): string;
  digest(digest: string): string;
  upload(id: string): string;
  request(id: string): string;
  host(host: string): string;
  client(address: string): string;
}

const unmasked: RegistryMask = {
  method: (method) => method,
  repository: (components) => components,
  tag: (tag) => tag,
  digest: (digest) => digest,
  upload: (id) => id,
  request: (id) => id,
  host: (host) => host,
  client: (address) => address,
};

export function registryMask(policy: MaskPolicy, options: RegistryMaskOptions): RegistryMask {
  if (policy.method === "none") return unmasked;
  if (policy.method === "sha1-raw")
    throw new UsageError(
      "sha1-raw has too few digits for digests: mask with hmac-sha256 or sha2-salted",
    );
  const { style, keepLibrary, keepTags, distinct } = options;
  const short = style === "ibm8";
  const masked = (of: MaskClass, mask: (full: (value: string) => string) => Mask): Mask =>
    remembered(mask(fullHash(policy, of)), { of, distinct });
  const cut = (of: MaskClass, digits: number, prefix = ""): Mask => {
    const width = short ? IBM_DIGITS : digits;
    const start = short ? "" : prefix;
    return masked(of, (full) => (value) => start + full(value).slice(0, width));
  };
  const component = cut("repo", NAME_DIGITS, "r");
  const kept = new Set(keepTags);
  const tag = cut("tag", NAME_DIGITS, "t");
  const digest = short ? cut("digest", IBM_DIGITS) : digestMask(policy, distinct);
  return {
    method: (text) => (METHODS.has(text.toUpperCase()) ? text : OTHER_METHOD),
    repository: (components) => maskedRepository(components, { component, keepLibrary }),
    tag: (text) => (kept.has(text) ? text : tag(text)),
    digest,
    upload: cut("upload", ID_DIGITS),
    request: cut("request", ID_DIGITS),
    host: cut("host", ID_DIGITS),
    client: cut("client", ID_DIGITS),
  };
}

/** Depth is kept. A deep name has fewer digits per component, so that the whole stays within what registries accept. */
function maskedRepository(
  components: readonly string[],
  { component, keepLibrary }: { component: Mask; keepLibrary: boolean },
): readonly string[] {
  const room = Math.floor((NAME_LENGTH_MAX + 1) / components.length) - 1;
  const width = Math.max(1 + NAME_DIGITS_MIN, room);
  return components.map((text, at) =>
    keepLibrary && at === 0 && text === "library" && components.length > 1
      ? text
      : component(text).slice(0, width),
  );
}

function digestMask(
  policy: Exclude<MaskPolicy, { method: "none" }>,
  distinct: DistinctValues,
): Mask {
  const short = fullHash(policy, "digest");
  const long = longHash(policy);
  return remembered(
    (text) => {
      const [, algorithm = "", digits = ""] = DIGEST.exec(text) ?? [];
      // The digits alone give the object away as well as the whole text does.
      distinct.noteClear(digits);
      const name = ALGORITHMS.has(algorithm) ? algorithm : ALGORITHM;
      return `${name}:${name !== ALGORITHM && digits.length > 64 ? long(text) : short(text)}`;
    },
    { of: "digest", distinct },
  );
}

/** 128 digits, for sha512. */
function longHash(policy: Exclude<MaskPolicy, { method: "none" }>): Mask {
  const key = policy.method === "hmac-sha256" ? derivedKey(policy.key, "digest") : policy.salt;
  return (value) => createHmac("sha512", key).update(value, "utf8").digest("hex");
}
