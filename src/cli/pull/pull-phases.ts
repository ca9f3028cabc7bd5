// From settings and images to the plan of the request worker threads and the phases of the driver.

import { random, shuffle as shuffled } from "../../core/random.ts";
import type { Phase } from "../../pull/driver-contract.ts";
import { disjointLists, sharedLists, union } from "../../pull/pull-lists.ts";
import type { Selection } from "../../pull/selection.ts";
import type { PullPlan, PullWire } from "../../workers/pull-plan.ts";
import { userAgent } from "../replay/client-plan.ts";
import type { PullGiven } from "./pull-options.ts";
import type { PullSettings } from "./pull-settings.ts";
import type { ServerAccess } from "./server-access.ts";

export type PullPlanInput = {
  readonly given: PullGiven;
  readonly settings: PullSettings;
  readonly access: ServerAccess;
  readonly selection: Selection;
  /** The cache can be pruned; without, a cold run pulls every image once. */
  readonly canPrune: boolean;
  readonly plainFirst: boolean;
  /** Empties the cache. */
  readonly empty: () => Promise<unknown>;
};

export function pullPlan(input: PullPlanInput): PullPlan {
  const { given, settings, selection } = input;
  const { patterns, herd } = settings;
  const pullers = pullersOf(input);
  const once = isOnce(input);
  return {
    threads: Math.min(settings.workers, herd?.clients ?? pullers),
    wire: wireOf(input),
    images: selection.images,
    lists: once ? disjointLists(selection, pullers) : sharedLists(selection, pullers),
    pruneExpressions: Array.from(
      { length: pullers },
      (_, puller) => patterns[puller % patterns.length]?.sent ?? "",
    ),
    probe: settings.probe,
    shuffle: given.shuffle ?? false,
    dryRun: given["dry-run"] ?? false,
    errorBackoff: settings.errorBackoff,
    seed: settings.seed,
    rows: settings.logged,
  };
}

const pullersOf = ({ given, settings: { schedule, patterns } }: PullPlanInput): number =>
  Math.max(schedule.levelMax, given.warm === true ? patterns.length : 0);

const isOnce = ({ given, canPrune }: PullPlanInput): boolean =>
  given.cold === true && !canPrune && given["dry-run"] !== true;

function wireOf({ given, settings, access }: PullPlanInput): PullWire {
  const { cache } = settings;
  const client = settings.client === undefined ? "" : ` (imitates ${settings.client})`;
  return {
    endpoint: {
      origin: cache.origin,
      pathPrefix: cache.pathPrefix,
      namePrefix: "",
      style: {
        hostHeader: new URL(cache.origin).host,
        userAgent: `${userAgent}${client}`,
        keepAlive: true,
      },
      ...access,
    },
    http2: given.http2 ?? false,
    form: settings.form,
    namespace: settings.namespace,
    profile: settings.profile,
    concurrency: settings.concurrency,
    platform: settings.platform,
    follow: given.follow ?? true,
    verify: given.verify ?? false,
    requestSeconds: settings.requestMs / 1000,
    pullMs: settings.pullMs,
    save: given.save ?? "",
  };
}

/** Source: pull-driver.md 7. */
export function pullPhases(input: PullPlanInput): Phase[] {
  const { given, settings } = input;
  const { schedule, patterns, herd } = settings;
  const { cold = false, warm = false, prune = false } = given;
  // Lists that every image is in once are spread over all pullers, others are repeated beyond the patterns.
  const pullers = isOnce(input) ? pullersOf(input) : patterns.length;
  const pass: Phase = { kind: "pass", name: "warm-up", pullers };
  // Herds follow what comes before a schedule, in its place.
  if (herd !== undefined) return warm ? [pass] : [];
  const passes = isOnce(input) ? "remainder" : "endless";
  const phases: Phase[] = [];
  const plain: Phase = { kind: "schedule", name: "run", schedule, prune, passes: "endless" };
  if (input.plainFirst) phases.push(plain, { kind: "between", name: "emptying", act: input.empty });
  if (cold)
    phases.push({ kind: "schedule", name: "cold", schedule, prune: input.canPrune, passes });
  if (warm) {
    phases.push(pass, {
      kind: "schedule",
      name: "warm",
      schedule,
      prune: false,
      passes: "endless",
    });
  }
  if (phases.length === 0) phases.push(plain);
  return phases;
}

/** An image per herd, in list order or shuffled. */
export function herdImages(
  selection: Selection,
  {
    count,
    shuffle,
    seed,
  }: { readonly count: number | undefined; readonly shuffle: boolean; readonly seed: string },
): number[] {
  const images = union(selection);
  if (shuffle) shuffled(images, random(`${seed}/herds`));
  const herds = count ?? images.length;
  // More herds than images: the list begins anew.
  return Array.from({ length: herds }, (_, herd) => images[herd % images.length] as number);
}
