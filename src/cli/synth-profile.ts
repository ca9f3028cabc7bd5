// The file of `drayage trace synth --profile`: any figures of trace/synth/profile.ts, in snake case; the others keep their
// defaults.
import * as z from "zod";
import { UsageError } from "../core/errors.ts";
import { checkProfile, defaultProfile, type SynthProfile } from "../trace/synth/profile.ts";
import { camelKeys } from "./config/camel-keys.ts";
import { KeyTree } from "./config/key-tree.ts";
import { mistakesOf, refused } from "./config/mistake.ts";
import { atLeast, mapping, positive, share, whole } from "./config/schema-parts.ts";
import { withoutPrivateKeys } from "./config/values.ts";
import { YamlFile } from "./config/yaml-file.ts";

const error = () => "expected a list of pairs such as [[0, 32], [0.5, 11498]]";
const table = z.array(z.tuple([z.number(), z.number()], { error }), { error });
const topTable = z.array(z.tuple([z.number(), z.number()], { error }), {
  error: () => "expected a list of pairs such as [[1, 0.07], [10, 0.42]]",
});
const popularity = mapping({ top_shares: topTable, once: share() }).partial();
const weight = atLeast(0);
const fourWeights = { error: () => "expected a list of 4 weights such as [1.1, 98.5, 0.33, 0.07]" };

/** Keys as in docs/synthetic-traces.md. */
export const profileSchema = mapping({
  methods: mapping({
    GET: weight,
    HEAD: weight,
    PUT: weight,
    POST: weight,
    PATCH: weight,
  }).partial(),
  get_kinds: mapping({ ping: weight, blob: weight, manifest: weight }).partial(),
  blob_bytes: table,
  manifest_bytes: mapping({
    median: positive(),
    sigma: atLeast(0),
    min: positive(),
    max: positive(),
  }).partial(),
  blob_popularity: popularity,
  manifest_popularity: popularity,
  latest_share: share(),
  blobs_per_name: table,
  shared_blobs: share(),
  name_components: z.tuple([weight, weight, weight, weight], fourWeights),
  requests_per_second: positive(),
  diurnal: share(),
  weekend: positive(),
  duration: mapping({
    floor: atLeast(0),
    overhead_median: positive(),
    overhead_sigma: atLeast(0),
    throughput: table,
  }).partial(),
  redirects: share(),
  partials: share(),
  heads_of_layers: share(),
  parallel_layers: whole({ min: 1 }),
  unlimited_clients: share(),
  followed_pushes: share(),
  followed_within: positive(),
  clients: whole({ min: 1 }),
  hosts: whole({ min: 1 }),
  agentless: share(),
}).partial();

/** Reads a profile over the defaults; throws FileMistakes, each with its position. */
export const readProfile = (name: string): SynthProfile => profileOf(YamlFile.read(name));

/** The same of a file that was read. */
export function profileOf(file: YamlFile): SynthProfile {
  const data = withoutPrivateKeys(file.data) ?? {};
  const result = profileSchema.safeParse(data);
  if (!result.success) {
    const keys = new KeyTree(profileSchema);
    throw refused(file, mistakesOf(result.error.issues, { data, keys }));
  }
  const profile = over(defaultProfile, camelKeys(result.data));
  checked(profile, file);
  return profile;
}

type Given = { readonly [key: string]: unknown };

/** The defaults with what is given in their place, sections key by key. */
function over(defaults: SynthProfile, given: Given): SynthProfile {
  const merged = Object.entries(given).map(([key, value]) => {
    const preset = (defaults as unknown as Given)[key];
    return [key, isSection(preset) && isSection(value) ? { ...preset, ...value } : value];
  });
  // The schema has seen to it that every value has the type of the default that it replaces.
  return { ...defaults, ...Object.fromEntries(merged) };
}

const isSection = (value: unknown): value is Given =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the figures must be to each other, in the words of the file. A sentence begins with the figure's name. */
function checked(profile: SynthProfile, file: YamlFile): void {
  try {
    checkProfile(profile);
  } catch (mistake) {
    if (!(mistake instanceof UsageError)) throw mistake;
    const sentences = mistake.lines.map((line) =>
      line.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    );
    throw refused(
      file,
      sentences.map((sentence) => ({ path: sentence.replace(/ .*$/, "").split("."), sentence })),
    );
  }
}
