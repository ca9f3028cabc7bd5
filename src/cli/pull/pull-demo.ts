// `--demo`: an upstream, a cache in front of it and some hundred small images, all in this process, and a ramp over them.
import { startEmbeddedRegistryThread } from "../../embedded/registry-thread.ts";
import type { Terminal } from "../command.ts";
import type { PullGiven } from "./pull-options.ts";

/** 240 images of five small layers, a quarter of them for each of four pullers. */
const IMAGES = "repos=60,layers=5,sizes=1500,tag=v*.*,suffix=-0001..-0004,type=docker";
const PATTERNS = ["-0001:", "-0002:", "-0003:", "-0004:"];
/** What a network between cache and upstream would add: enough for cold pulls to differ. */
const UPSTREAM_DELAY = "GET manifest=fixed(10ms)";

export type DemoServers = {
  /** The flags that were not given, filled in. */
  readonly given: PullGiven;
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
};

export async function startDemo(given: PullGiven, { err }: Terminal): Promise<DemoServers> {
  const upstream = await startEmbeddedRegistryThread({
    generate: IMAGES,
    latencies: [UPSTREAM_DELAY],
  });
  const cache = await startEmbeddedRegistryThread({ pullThrough: { url: upstream.url } });
  err.write(`upstream with 240 images: ${upstream.url}; cache in front of it: ${cache.url}\n`);
  const phases =
    given.herd === undefined && given.prune === undefined ? { cold: true, warm: true } : {};
  return {
    given: {
      ...given,
      "pullthrough-url": given["pullthrough-url"] ?? cache.url.replace("http://", ""),
      "registry-url": given["registry-url"] ?? upstream.url.replace("http://", ""),
      "server-metrics": given["server-metrics"] ?? `${cache.url}/metrics`,
      "iteration-seconds": given["iteration-seconds"] ?? "2",
      "tally-seconds": given["tally-seconds"] ?? "1",
      pattern: given.pattern.length + given.patterns.length > 0 ? given.pattern : PATTERNS,
      cold: given.cold ?? phases.cold,
      warm: given.warm ?? phases.warm,
    },
    notes: [
      "cache and upstream are drayage's embedded registry, in this process: they share its cores with the pullers",
      "the upstream holds manifests back for 10 ms, as a network would",
    ],
    close: async () => {
      await cache.close();
      await upstream.close();
    },
  };
}
