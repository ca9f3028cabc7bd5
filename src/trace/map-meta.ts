// The file beside a map, `<output>.meta.json`: how the warm-up that wrote the map was configured, so that a run with other
// settings is refused instead of asking for objects that do not exist. Source: trace-replay.md 4.4.
import { readFileSync } from "node:fs";
import { DrayageError, messageOf } from "../core/errors.ts";
import { writeWhole } from "./whole-file.ts";

/** What determines which objects a warm-up makes, and where. */
export type MapSettings = {
  readonly seed: string;
  readonly random: boolean;
  readonly identity: "uri" | "digest";
  readonly repository: "single" | "traced";
  readonly manifests: "blob" | "manifest";
};

export type TracedFile = { readonly name: string; readonly size: number };

type MapCounts = {
  readonly uris: number;
  readonly pushed: number;
  readonly existing: number;
  readonly mounted: number;
  readonly failed: number;
  readonly bytes: number;
};

export type MapMeta = MapSettings & {
  readonly version: 1;
  /** URLs of the entries that were filled, without credentials. */
  readonly registries: readonly string[];
  readonly counts: MapCounts;
  readonly traces: readonly TracedFile[];
};

export const metaPathOf = (mapPath: string): string => `${mapPath}.meta.json`;

/** Writes the file whole: at no time is there half of it. */
export function writeMapMeta(mapPath: string, meta: Omit<MapMeta, "version">): void {
  const complete: MapMeta = { version: 1, ...meta };
  writeWhole(metaPathOf(mapPath), `${JSON.stringify(complete, null, 2)}\n`);
}

/** `undefined` where there is none, as beside maps of the original tool. Damage is a DrayageError `map-corrupt`. */
export function readMapMeta(mapPath: string): MapMeta | undefined {
  const path = metaPathOf(mapPath);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new DrayageError("storage", `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw damaged(path, `it is not JSON: ${messageOf(error)}`);
  }
  const fault = faultOf(parsed);
  if (fault !== undefined) throw damaged(path, fault);
  return parsed as MapMeta;
}

const damaged = (path: string, what: string): DrayageError =>
  new DrayageError("map-corrupt", `${path} is damaged: ${what}`);

type Check = { readonly says: string; readonly holds: (value: unknown) => boolean };

const oneOf = (...words: readonly string[]): Check => ({
  says: words.map((word) => `"${word}"`).join(" or "),
  holds: (value) => typeof value === "string" && words.includes(value),
});
const listOf = (says: string, holds: (value: unknown) => boolean): Check => ({
  says: `a list of ${says}`,
  holds: (value) => Array.isArray(value) && value.every(holds),
});
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === "string";
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

const countNames: readonly (keyof MapCounts)[] = [
  "uris",
  "pushed",
  "existing",
  "mounted",
  "failed",
  "bytes",
];

const checks: Readonly<Record<keyof MapMeta, Check>> = {
  version: { says: "1, the version that this drayage reads", holds: (value) => value === 1 },
  seed: { says: "a text", holds: isText },
  random: { says: "true or false", holds: (value) => typeof value === "boolean" },
  identity: oneOf("uri", "digest"),
  repository: oneOf("single", "traced"),
  manifests: oneOf("blob", "manifest"),
  registries: listOf("URLs", isText),
  counts: {
    says: `an object of counts (${countNames.join(", ")})`,
    holds: (value) => isObject(value) && countNames.every((name) => isCount(value[name])),
  },
  traces: listOf(
    "{name, size}",
    (value) => isObject(value) && isText(value.name) && isCount(value.size),
  ),
};

/** The first thing that is not as it should be. Unknown keys are let pass: they are of a later version 1. */
function faultOf(parsed: unknown): string | undefined {
  if (!isObject(parsed)) return "it is not an object";
  const wrong = Object.entries(checks).find(([key, { holds }]) => !holds(parsed[key]));
  return wrong === undefined ? undefined : `${wrong[0]} is not ${wrong[1].says}`;
}

/** The original tool knew one repository, and blobs only; its content follows no seed. */
const originalSettings: Partial<MapSettings> = { repository: "single", manifests: "blob" };

const settingNames: Readonly<Record<keyof MapSettings, string>> = {
  seed: "run.seed",
  random: "warmup.random",
  identity: "warmup.identity",
  repository: "warmup.repository",
  manifests: "warmup.manifests",
};

/** One sentence for every setting in which a map contradicts the configuration. Without a meta file, that of the original. */
export function mapDifferences(meta: MapMeta | undefined, wanted: MapSettings): string[] {
  const made = meta ?? originalSettings;
  const author =
    meta === undefined ? "a map without a meta file counts as made" : "the map was made";
  return differingSettings(made, wanted).map(
    (key) =>
      `${author} with ${settingNames[key]} ${made[key]}, the configuration says ${wanted[key]}`,
  );
}

/** Keys of settings that both name and that are not the same. */
export function differingSettings(
  made: Partial<MapSettings>,
  wanted: MapSettings,
): (keyof MapSettings)[] {
  const keys = Object.keys(settingNames) as (keyof MapSettings)[];
  return keys.filter((key) => made[key] !== undefined && made[key] !== wanted[key]);
}

/** Entries of the configuration that the warm-up did not fill: worth a warning, the user may have filled them otherwise. */
export function unwarmedRegistries(meta: MapMeta | undefined, urls: readonly string[]): string[] {
  const filled = meta?.registries ?? urls.slice(0, 1);
  return urls.filter((url) => !filled.includes(url));
}
