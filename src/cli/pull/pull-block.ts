import type { ConfigurationBlock } from "../../pull/configuration-block.ts";
import { originalFlags, type PullGiven, secretFlags, shownGiven } from "./pull-options.ts";
import type { PullSettings } from "./pull-settings.ts";

/** What the configuration block shows: values as typed. */
export function blockOf(given: PullGiven, settings: PullSettings): ConfigurationBlock {
  return {
    prune: given.prune ?? false,
    dryRun: given["dry-run"] ?? false,
    shuffle: given.shuffle ?? false,
    iterationSeconds: given["iteration-seconds"] ?? "60",
    tallySeconds: given["tally-seconds"] ?? "15",
    patterns: settings.patterns.map(({ text }) => text),
    metricsFile: given["metrics-file"] ?? "",
    logFile: given["log-file"] ?? "",
    registryUrl: given["registry-url"] ?? "",
    pullthroughUrl: given["pullthrough-url"] ?? "",
    filter: given.filter ?? "",
    additions: additionsOf(given),
  };
}

/** Only what was given; patterns stand above. */
function additionsOf(given: PullGiven): (readonly [string, string])[] {
  return Object.entries(shownGiven(given)).flatMap(([name, value]) => {
    const isOurs = !originalFlags.has(name) && !secretFlags.has(name) && name !== "pattern";
    if (!isOurs || value === undefined || Array.isArray(value)) return [];
    return [[name, typeof value === "object" ? JSON.stringify(value) : String(value)] as const];
  });
}
