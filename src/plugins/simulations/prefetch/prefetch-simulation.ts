import { Kind, Op } from "../../../core/operation.ts";
import type { RecordView } from "../../../trace/record-view.ts";
import { Arguments } from "../arguments.ts";
import type { RequestCursor, SimulationContext } from "../simulation.ts";
import {
  type LayerRequest,
  type PrefetchFigures,
  PrefetchRun,
  type PrefetchTimeouts,
} from "./prefetch-run.ts";

/** Seconds; each for the repository with each for the manifest. */
const TIMEOUTS = [600, 3600, 43_200, 86_400] as const;

export type PrefetchArguments = { readonly outfile: string; readonly compat: boolean };

type PrefetchRow = PrefetchFigures & {
  /** Seconds. */
  readonly repositoryTimeout: number;
  readonly manifestTimeout: number;
  /** Hits by prefetched entry, may exceed 1; 0 where nothing was prefetched. */
  readonly ratio: number;
};

export type PrefetchResult = {
  readonly kind: "prefetch";
  readonly compat: boolean;
  readonly outfile: string;
  readonly rows: readonly PrefetchRow[];
};

/** `counterpart`: selected as prefetch.py, so compatible unless told otherwise. Throws UsageError. */
export function prefetchArguments(
  given: Readonly<Record<string, unknown>> | undefined,
  { counterpart }: { counterpart: boolean },
): PrefetchArguments {
  const args = new Arguments("builtin:prefetch", given);
  const outfile = args.value("outfile");
  if (typeof outfile !== "string" || outfile === "")
    args.mistake("outfile", "the file for its 16 lines, such as prefetch.csv");
  const compat = args.truth("compat", counterpart);
  args.finish();
  return { outfile: String(outfile), compat };
}

type Settings = {
  readonly repositoryTimeout: number;
  readonly manifestTimeout: number;
  readonly run: PrefetchRun;
};

/** Source: trace-replay.md 6.4, after the simulation of the FAST '18 study, whose time-outs have no effect. */
export function simulatePrefetch(
  { outfile, compat }: PrefetchArguments,
  { requests }: SimulationContext,
): PrefetchResult {
  const settings = settingsOf(compat);
  const runs = [...new Set(settings.map(({ run }) => run))];
  while (requests.next()) for (const run of runs) feed(run, requests, compat);
  const rows = settings.map(({ run, ...timeouts }): PrefetchRow => {
    const figures = run.figures();
    const entries = figures.good + figures.bad;
    return { ...timeouts, ...figures, ratio: entries === 0 ? 0 : figures.hits / entries };
  });
  return { kind: "prefetch", compat, outfile, rows };
}

/** Repository-major. Without time-outs one run answers for all. */
function settingsOf(compat: boolean): Settings[] {
  const timeless = new PrefetchRun(undefined);
  const runOf = (timeouts: PrefetchTimeouts): PrefetchRun =>
    compat ? timeless : new PrefetchRun(timeouts);
  return TIMEOUTS.flatMap((repository) =>
    TIMEOUTS.map((manifest) => ({
      repositoryTimeout: repository,
      manifestTimeout: manifest,
      run: runOf({ repository, manifest }),
    })),
  );
}

function feed(run: PrefetchRun, { view, delayUs }: RequestCursor, compat: boolean): void {
  const request: LayerRequest = {
    name: nameOf(view, compat),
    at: delayUs / 1e6,
    client: view.client ?? "",
    size: Math.max(0, view.size),
    digest: view.kind === Kind.blob ? view.ref : null,
  };
  if (view.method === Op.PUT) run.push(request);
  else if (view.method !== Op.GET) return;
  else if (compat ? view.uri.includes("manifest") : view.kind === Kind.manifest)
    run.manifest(request);
  else run.layer(request);
}

/** The original takes the two components behind `v2`, whatever they are. */
function nameOf(view: RecordView, compat: boolean): string {
  if (!compat) return view.name ?? view.uri;
  return view.uri.replace(/^\//, "").split("/").slice(1, 3).join("/");
}

/** The 16 lines of the outfile. */
export const prefetchLines = ({ rows }: PrefetchResult): string[] =>
  rows.map(({ ratio, maxBytes }) => `${ratio},${maxBytes}`);
