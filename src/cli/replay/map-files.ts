// The files around a warm-up's map: what they say must fit the configuration.
import { existsSync, statSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import {
  type MapSettings,
  mapDifferences,
  readMapMeta,
  type TracedFile,
  unwarmedRegistries,
} from "../../trace/map-meta.ts";
import { traceFiles } from "../../trace/trace-files.ts";
import type { WarmupIdentity } from "../../trace/warmup-journal.ts";
import type { ConfigOf, ReplayConfig } from "../config/replay-config.ts";
import { traceName } from "./archived-traces.ts";

const mapSettings = ({ run, warmup }: ReplayConfig): MapSettings => ({
  seed: run.seed,
  random: warmup.random,
  identity: warmup.identity,
  repository: warmup.repository,
  manifests: warmup.manifests,
});

const registryUrls = ({ registry }: ReplayConfig): string[] =>
  registry.map(({ origin, pathPrefix }) => `${origin}${pathPrefix}`);

/** Indices of the registry entries that a warm-up fills. */
export const warmedRegistries = ({ registry, warmup }: ReplayConfig): number[] =>
  registry.map((_, index) => index).slice(0, warmup.allRegistries ? undefined : 1);

const tracedFiles = ({ trace }: ReplayConfig): TracedFile[] =>
  traceFiles({ location: trace.location, traces: trace.traces }).map((name) => ({
    name: traceName(name),
    size: statSync(name).size,
  }));

/** Before anything is overwritten: the trace and the map are there. What is in them, the feeder finds out. */
export function checkInputs({ trace, warmup }: ConfigOf<"run">): void {
  traceFiles({ location: trace.location, traces: trace.traces });
  if (!existsSync(warmup.output))
    throw new UsageError(
      `cannot read the map ${warmup.output}: there is none; "drayage warmup" writes it`,
    );
}

/** What a warm-up's journal and meta file are about. Throws UsageError for traces that are not there. */
export function warmupIdentity(config: ReplayConfig): WarmupIdentity {
  const urls = registryUrls(config);
  return {
    ...mapSettings(config),
    registries: warmedRegistries(config).map((index) => urls[index] as string),
    traces: tracedFiles(config),
  };
}

/**
 * Refuses a map that was made with other settings than the configuration's, and warns of registries that were not filled.
 * Throws UsageError with one line per difference.
 */
export function checkMap(config: ConfigOf<"run">, warn: (line: string) => void): void {
  const path = config.warmup.output;
  const meta = readMapMeta(path);
  const differences = mapDifferences(meta, mapSettings(config));
  if (differences.length > 0) {
    throw new UsageError([
      ...differences.map((difference) => `${path}: ${difference}`),
      'warm up with this configuration ("drayage warmup"), or change it back',
    ]);
  }
  for (const url of unwarmedRegistries(meta, registryUrls(config))) {
    warn(`warning: ${url} was not filled by the warm-up; set warmup.all_registries to fill all`);
  }
}
