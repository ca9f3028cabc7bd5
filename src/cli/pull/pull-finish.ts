// What a pull test leaves behind and what it says at the end.
import { UsageError } from "../../core/errors.ts";
import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import type { DriverEnd } from "../../pull/driver-contract.ts";
import { type Image, imageText } from "../../pull/image-list.ts";
import type { ServerWatch } from "../../pull/server-watch.ts";
import { RunTimeline } from "../../report/run-timeline.ts";
import { paintFor } from "../../report/text-table.ts";
import type { NodeReport } from "../../workers/node-report.ts";
import type { PullPlan } from "../../workers/pull-plan.ts";
import { allUnsaved } from "../../workers/unsaved.ts";
import { readCalibrations } from "../calibrate/calibration-cache.ts";
import { nodeFact } from "../cluster/node-fact.ts";
import type { Terminal } from "../command.ts";
import { errorReport } from "../error-report.ts";
import { endingOf } from "../replay/run-exit.ts";
import { machineFacts } from "../replay/run-story.ts";
import { commandText, typedWords } from "../typed-words.ts";
import type { CacheControl } from "./cache-control.ts";
import { pullFigures } from "./driven-figures.ts";
import { calibrationOfPull } from "./pull-calibration.ts";
import { chartsOf } from "./pull-charts.ts";
import type { PullCourse } from "./pull-course.ts";
import type { PullFiles } from "./pull-files.ts";
import type { FoundImages } from "./pull-images.ts";
import type { PullOutputs } from "./pull-outputs.ts";
import { pullFigureTitles, pullPage } from "./pull-page.ts";
import type { PullRequest } from "./pull-request.ts";
import { type PullFigures, pullResults, verdictOfPull } from "./pull-results.ts";
import { type PullStory, pullText } from "./pull-text.ts";
import { savedLayout } from "./saved-layout.ts";
import type { SecondCourse } from "./second-course.ts";

/** In place of a puller's number, of prunes that no puller made. */
const NO_PULLER = -1;

/** A run at its end, or as it is so far. */
type SeenRun = {
  readonly end: DriverEnd;
  readonly plan: PullPlan;
  readonly watch: ServerWatch;
  readonly outputs: PullOutputs | undefined;
  readonly request: PullRequest;
  readonly found: FoundImages;
  readonly cache: Pick<CacheControl, "pruner" | "isOurs">;
};

export type FinishedRun = SeenRun & {
  readonly signal: ExitCode | undefined;
  readonly files: PullFiles;
  readonly course: PullCourse;
  readonly rates: Pick<SecondCourse, "points">;
};

const figuresOf = (
  { end, watch, request: { given }, found, cache: { pruner } }: SeenRun,
  rest: Pick<PullFigures, "ending" | "thresholds">,
): PullFigures =>
  pullFigures(end, {
    watch,
    prunes: pruner.failures.length === 0 && pruner.pruned + end.sum.count("prunes") > 0,
    pruneErrors: pruner.failures.map(({ firstAt, ...failure }) => ({
      ...failure,
      puller: NO_PULLER,
      firstAt: end.beganAtNs + (firstAt - end.beganAt) * 1e6,
    })),
    counts: {
      "repositories without tags": found.repositoriesWithoutTags,
      ...(given.save === undefined
        ? {}
        : { "objects not saved": allUnsaved(end.threads)?.count ?? 0 }),
    },
    ...rest,
  });

/** results.json of a run that goes on; says where. */
export async function snapshotPull(run: SeenRun): Promise<string> {
  if (run.outputs === undefined) return "a dry run keeps no results";
  const figures = figuresOf(run, { ending: "running", thresholds: [] });
  const verdict = verdictOfPull(figures).text;
  const results = pullResults(figures, { verdict, exit: ExitCode.done, calibration: null });
  return `results so far: ${await run.outputs.snapshot(results)}`;
}

export const imageAt = ({ selection }: FoundImages, image: number): Image =>
  selection.images[image] ?? { repository: "", reference: "" };

/** Writes the files, prints the summary; returns the exit code. */
export async function finishPull(run: FinishedRun, terminal: Terminal): Promise<ExitCode> {
  const { end, plan, outputs, signal, request, found, files, course, rates } = run;
  const { given } = request;
  const rowsLost = await rejectionOf(outputs?.rowsWritten());
  const figures = await withServerNamed(
    run,
    figuresOf(run, {
      ending: endingOf(signal !== undefined, course),
      thresholds: course.thresholds(),
    }),
  );
  const calibration = calibrationOfPull(
    figures,
    plan.threads,
    await readCalibrations(terminal.env),
  );
  files.lines.flush();
  const trouble = rowsLost ?? troubleOf(run, figures);
  const exit =
    trouble === undefined
      ? exitOf(figures, signal, given["allow-failures"] ?? false)
      : errorReport(trouble).exit;
  const timeline = outputs?.timeline ?? new RunTimeline();
  const story = storyOf(run, figures, calibration);
  const plain = pullText(figures, story, paintFor({ NO_COLOR: "1" }, false));
  const results = pullResults(figures, { verdict: story.verdict.text, exit, calibration });
  terminal.program?.finished({ directory: outputs?.path ?? null, results });
  const unwritten = await rejectionOf(
    outputs?.write(figures, {
      results,
      summary: plain,
      charts: chartsOf(figures, { rates: rates.points, timeline }),
      titles: pullFigureTitles(figures, story),
      page: pullPage(figures, {
        story,
        command: commandText(typedWords()),
        facts: [...factsOf(request, plan), ...end.nodes.map((node) => nodeFact(node, "pulls"))],
        rates: rates.points,
        timeline,
      }),
      imageOf: (image) => imageText(imageAt(found, image)),
    }),
  );
  const stream = files.useTerminal ? terminal.err : terminal.out;
  const isTerminal = (stream as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  stream.write(`${pullText(figures, story, paintFor(terminal.env, isTerminal))}\n`);
  const told = unwritten ?? trouble;
  if (told !== undefined) throw told;
  return exit;
}

const storyOf = (
  { end, outputs, request: { given, notes } }: FinishedRun,
  figures: PullFigures,
  calibration: PullStory["calibration"],
): PullStory => ({
  verdict: verdictOfPull(figures),
  directory: outputs?.path,
  files: outputs?.files(figures) ?? [],
  calibration,
  notes: [
    ...notes,
    ...(given.save === undefined ? [] : ["disk writes included"]),
    ...end.nodes.flatMap(lossOf),
  ],
});

/** Of a disk that fails at the end: whoever waits for the summary gets it first. */
async function rejectionOf(work: Promise<void> | undefined): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What the command ends with although its results are there. */
function troubleOf(
  { end, files, found, request: { given } }: FinishedRun,
  figures: PullFigures,
): Error | undefined {
  const lack =
    given.save === undefined || given["dry-run"] === true
      ? undefined
      : savedLayout(given.save, figures, (image) => imageText(imageAt(found, image)));
  if (files.failure !== undefined || lack !== undefined) return files.failure ?? lack;
  if (end.noPruneEndpoint === undefined) return undefined;
  return new UsageError(
    `server has no prune endpoint (status ${end.noPruneEndpoint}): leave --prune out, or use --cold with a cache that is empty`,
  );
}

/** The demo says by itself what its cache is. */
async function withServerNamed(
  { request: { given, notes }, cache }: FinishedRun,
  figures: PullFigures,
): Promise<PullFigures> {
  const isAsked = given["dry-run"] !== true && notes.length === 0;
  if (!isAsked || !(await cache.isOurs())) return figures;
  const said = "the server under test is drayage's embedded registry: no figures of a real one";
  return { ...figures, warnings: [...figures.warnings, said] };
}

const atOnce = (requests: number): string =>
  requests === 1 ? "one request at a time" : `${requests} requests at once`;

/** What a node that was lost left undone. */
const lossOf = ({ name, lost }: NodeReport): string[] =>
  lost === null ? [] : [`node ${name} is lost: ${lost}; its pullers ended there`];

/** What the page says of cache, schedule and machine. */
export function factsOf({ given, settings }: PullRequest, plan: PullPlan): [string, string][] {
  return [
    [
      "cache",
      `${settings.cache.origin}${settings.cache.pathPrefix}, namespace ${settings.form} ${settings.namespace}`,
    ],
    ["upstream", settings.registry.origin],
    ["patterns", settings.patterns.map(({ text }) => text).join(" ")],
    ["images", String(plan.images.length)],
    [
      "schedule",
      settings.herd === undefined
        ? `${given.steps ?? "updown"}, ${settings.iterationMs / 1000} s a step`
        : `herds of ${settings.herd.clients}`,
    ],
    [
      "client",
      `${settings.client ?? "plain"}, ${atOnce(plan.wire.concurrency)} per puller, probe ${plan.probe}`,
    ],
    ["threads", String(plan.threads)],
    ["seed", settings.seed],
    ...machineFacts(),
  ];
}

function exitOf(
  { failures, ending, thresholds, end }: PullFigures,
  signal: ExitCode | undefined,
  allowFailures: boolean,
): ExitCode {
  return strongestExit([
    ...(signal === undefined ? [] : [signal]),
    ...(ending === "limit" ? [ExitCode.aborted] : []),
    ...(thresholds.some(({ passed }) => !passed) ? [ExitCode.thresholdsFailed] : []),
    ...(end.nodes.some(({ lost }) => lost !== null) ? [ExitCode.nodeLost] : []),
    ...(failures > 0 && !allowFailures ? [ExitCode.operationsFailed] : []),
  ]);
}
