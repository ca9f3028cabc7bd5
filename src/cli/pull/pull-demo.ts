// `--demo`: an upstream, a cache in front of it and some hundred small images, all in this process, and three ramps over them:
// as the original driver goes, so that the first pass of each puller fills the cache and later ones find it full; then with
// an empty cache throughout, and with a full one. The first rises faster than in proportion, and the others say why.
import { startEmbeddedRegistryThread } from "../../embedded/registry-thread.ts";
import type { Terminal } from "../command.ts";
import type { PullGiven } from "./pull-options.ts";

/** 200 images of five small layers, a fifth of them for each of five pullers. */
const IMAGES = "repos=40,layers=5,sizes=1500,tag=v*.*,suffix=-0001..-0005,type=docker";
const PATTERNS = ["-0001:", "-0002:", "-0003:", "-0004:", "-0005:"];
/** Little enough for the first pass of a puller to last about a step, as its later ones, from the cache, do not. */
const UPSTREAM_DELAYS = ["GET manifest=fixed(8ms)", "GET blob=fixed(8ms)"];
const UPSTREAM_BANDWIDTH = { bytesPerSecond: 5e6, perConnection: false };
/** Without it, one puller would take all that the cores of this machine have, and there would be nothing to scale. */
const CACHE_DELAYS = ["GET manifest=fixed(1ms)", "GET blob=fixed(1ms)"];

export type DemoServers = {
  /** The flags that were not given, filled in. */
  readonly given: PullGiven;
  readonly notes: readonly string[];
  readonly plainFirst: boolean;
  readonly close: () => Promise<void>;
};

export async function startDemo(given: PullGiven, { err }: Terminal): Promise<DemoServers> {
  const upstream = await startEmbeddedRegistryThread({
    generate: IMAGES,
    latencies: UPSTREAM_DELAYS,
    bandwidth: UPSTREAM_BANDWIDTH,
  });
  const cache = await startEmbeddedRegistryThread({
    pullThrough: { url: upstream.url },
    latencies: CACHE_DELAYS,
  });
  err.write(`upstream with 200 images: ${upstream.url}; cache in front of it: ${cache.url}\n`);
  const choices = [given.herd, given.prune, given.cold, given.warm];
  const plainFirst = choices.every((choice) => choice === undefined);
  return {
    plainFirst,
    given: {
      ...given,
      "pullthrough-url": given["pullthrough-url"] ?? cache.url.replace("http://", ""),
      "registry-url": given["registry-url"] ?? upstream.url.replace("http://", ""),
      "server-metrics": given["server-metrics"] ?? `${cache.url}/metrics`,
      "iteration-seconds": given["iteration-seconds"] ?? "1.5",
      "tally-seconds": given["tally-seconds"] ?? "0.5",
      pattern: given.pattern.length + given.patterns.length > 0 ? given.pattern : PATTERNS,
      cold: given.cold ?? (plainFirst || undefined),
      warm: given.warm ?? (plainFirst || undefined),
    },
    notes: [
      "cache and upstream are drayage's embedded registry, in this process: they share its cores with the pullers",
      "the upstream holds each answer back for 8 ms and sends 5 MB/s, the cache holds each back for 1 ms, as networks would",
      ...(plainFirst
        ? [
            "three ramps: `run` as the original driver goes (the first pass of each puller fills the cache, later ones find it full), `cold` with a cache that is emptied after each pass, `warm` with a full one",
          ]
        : []),
    ],
    close: async () => {
      await cache.close();
      await upstream.close();
    },
  };
}
