// The run directory of a pull test.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import type { DriverSinks, PullBegun } from "../../pull/driver-contract.ts";
import { localTime } from "../../pull/local-time.ts";
import { pullsOf } from "../../pull/pull-interval.ts";
import type { TallyPoint } from "../../pull/pull-recorder.ts";
import { type PullSecond, pullsAlone } from "../../pull/second-reader.ts";
import type { Scrape } from "../../pull/server-watch.ts";
import { compareTsv, herdsTsv, stepsTsv, tallyHead, tallyRow, tsv } from "../../pull/tables.ts";
import { AppendFile } from "../../report/append-file.ts";
import type { PageCharts } from "../../report/chart.ts";
import { writeFigures } from "../../report/figures/figure-files.ts";
import { type NamedDistribution, writePercentiles } from "../../report/percentile-files.ts";
import { requestFileName, requestFormats } from "../../report/request-file.ts";
import { createRunDirectory, RunDirectory, type RunRecord } from "../../report/run-directory.ts";
import { RunTimeline } from "../../report/run-timeline.ts";
import { TimeseriesFile } from "../../report/timeseries.ts";
import { BoardWord } from "../../workers/pull-board.ts";
import { type LoggedPulls, PullRequestLog } from "./pull-request-log.ts";
import type { PullFigures } from "./pull-results.ts";
import { PullStore } from "./pull-store.ts";

const ownFiles = [
  { name: "report.html", holds: "figures and plots, one page" },
  { name: "results.json", holds: "figures, for programs" },
  { name: "summary.txt", holds: "this text" },
  { name: "tally.tsv", holds: "the tally, the last partial interval included" },
  { name: "steps.tsv", holds: "a line per step" },
  { name: "histograms.hlog", holds: "all times, per second and step" },
  { name: "counts.ndjson", holds: "counts, per second and step, of each type" },
  { name: "timeseries.csv", holds: "pulls, bytes and times of each second" },
  { name: "percentiles/", holds: "percentiles of each type, for HdrHistogram's plotter" },
  { name: "figures/", holds: "every plot as SVG, with data and scripts to draw it anew" },
  { name: "images.tsv", holds: "pulls and failures of each image" },
  { name: "run.json", holds: "what was run, where and how" },
] as const;

/** Makes the directory; with `force`, one with files in it is taken, and those of ours are begun anew. */
export async function pullDirectory({
  results,
  force,
  startedAt,
}: {
  readonly results: string | undefined;
  readonly force: boolean;
  readonly startedAt: number;
}): Promise<RunDirectory> {
  if (results === undefined) return createRunDirectory({ verb: "pull", startedAt });
  makeGivenFolder(results, "--results");
  if (readdirSync(results).length > 0 && !force)
    throw new UsageError(
      `${results} is not empty: give --results another directory, or add --force`,
    );
  for (const name of [
    ...ownFiles.map((file) => file.name),
    "herds.tsv",
    "compare.tsv",
    "errors.tsv",
    "server.tsv",
    ...requestFormats.map(requestFileName),
  ])
    rmSync(join(results, name), { force: true, recursive: name.endsWith("/") });
  return new RunDirectory(results);
}

/** Throws UsageError that names the flag. */
export function makeGivenFolder(path: string, flag: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw new UsageError(`${flag}: cannot make ${path} (${messageOf(error)})`);
  }
}

export class PullOutputs implements Pick<DriverSinks, "started" | "tally" | "second" | "scraped"> {
  /** Of whole pulls. */
  readonly timeline = new RunTimeline();
  readonly #directory: RunDirectory;
  /** Of the beginning. */
  readonly #record: RunRecord;
  readonly #tally: AppendFile;
  readonly #seconds: TimeseriesFile;
  #store: PullStore | undefined;
  #server: AppendFile | undefined;
  readonly #log: PullRequestLog | undefined;
  #boards: PullBegun["boards"] = [];
  #failure: unknown;

  constructor(
    { directory, record }: { readonly directory: RunDirectory; readonly record: RunRecord },
    logged: LoggedPulls | undefined,
  ) {
    this.#directory = directory;
    this.#record = record;
    this.#tally = new AppendFile(directory.file("tally.tsv"));
    this.#tally.write(tallyHead);
    this.#seconds = new TimeseriesFile(directory.file("timeseries.csv"));
    this.#log = logged === undefined ? undefined : new PullRequestLog(directory, logged);
  }

  get path(): string {
    return this.#directory.path;
  }

  tally(at: number, point: TallyPoint): void {
    this.#attempt(() => this.#tally.write(tallyRow(at, point)));
  }

  started(begun: PullBegun): void {
    this.#store = new PullStore((name) => this.#directory.file(name), begun.wallMs);
    this.#boards = begun.boards;
    this.#log?.begin(begun);
  }

  /** Called by timers, where nobody could catch a disk that fails: `write` throws it. */
  #attempt(write: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      write();
    } catch (error) {
      this.#failure = error;
    }
  }

  second(second: PullSecond): void {
    const pulls = pullsAlone(second.snapshot);
    this.#attempt(() => {
      this.#store?.add(second);
      this.#seconds.add(this.timeline.add({ snapshot: pulls, planned: null }), pulls);
    });
  }

  /** A line per counter: which ones there are is the server's business. */
  scraped({ at, counters }: Scrape): void {
    const rows = Array.from(counters, ([name, value]) => `${at.toFixed(3)}\t${name}\t${value}\n`);
    this.#attempt(() => {
      if (this.#server === undefined) {
        this.#server = new AppendFile(this.#directory.file("server.tsv"));
        this.#server.write(tsv(["seconds", "counter", "value"], []));
      }
      this.#server.write(rows.join(""));
    });
  }

  /** Of a driver that has ended: resolves when its rows are all on disk. */
  async rowsWritten(): Promise<void> {
    await this.#log?.written();
  }

  /** Path of results.json, which the end writes anew. */
  async snapshot(results: unknown): Promise<string> {
    await this.#directory.writeJson("results.json", results);
    return this.#directory.file("results.json");
  }

  close(): void {
    this.#tally.close();
    this.#seconds.close();
    this.#store?.close();
    this.#server?.close();
    this.#log?.close();
  }

  /** Files that this run has, for summary and page. */
  files(figures: PullFigures): { readonly name: string; readonly holds: string }[] {
    const optional = [
      { name: "herds.tsv", holds: "a line per herd", there: figures.end.herds.length > 0 },
      { name: "compare.tsv", holds: "cold against warm", there: figures.comparison.length > 0 },
      {
        name: "errors.tsv",
        holds: "failures by puller and kind",
        there: figures.errors.length > 0,
      },
      {
        name: "server.tsv",
        holds: "counters of the cache, per tick",
        there: this.#server !== undefined,
      },
    ];
    const lost = this.#boards.reduce((sum, board) => sum + board.get(BoardWord.rowsLost), 0);
    return [
      ...ownFiles,
      ...(this.#log === undefined ? [] : [this.#log.description(lost)]),
      ...optional.filter(({ there }) => there).map(({ name, holds }) => ({ name, holds })),
    ];
  }

  async write(
    figures: PullFigures,
    texts: {
      readonly results: unknown;
      readonly summary: string;
      readonly page: string;
      readonly charts: PageCharts;
      readonly titles: Readonly<Record<string, string>>;
      readonly imageOf: (image: number) => string;
    },
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const directory = this.#directory;
    await directory.writeText("steps.tsv", stepsTsv(figures.steps));
    await directory.writeText("images.tsv", imagesTsv(figures, texts.imageOf));
    if (figures.end.herds.length > 0)
      await directory.writeText("herds.tsv", herdsTsv(figures.end.herds));
    if (figures.comparison.length > 0)
      await directory.writeText("compare.tsv", compareTsv(figures.comparison));
    if (figures.errors.length > 0) await directory.writeText("errors.tsv", errorsTsv(figures));
    writePercentiles(directory.file("percentiles"), pullPercentiles(figures));
    await directory.writeRun({
      ...this.#record,
      endedAt: new Date().toISOString(),
      ending: figures.ending,
    });
    await directory.writeJson("results.json", texts.results);
    await directory.writeText("report.html", texts.page);
    writeFigures(directory.file("figures"), texts.charts, texts.titles);
    await directory.writeText("summary.txt", `${texts.summary}\n`);
  }
}

/** Totals by type, those of whole pulls also by phase where there are several. */
export function pullPercentiles({ totals, phases }: PullFigures): NamedDistribution[] {
  const byType = [...totals.classes, { ...pullsOf(totals), name: "pull" }].flatMap(
    ({ name, total, ttfb, failedTotal }) => [
      { name, distribution: total },
      { name: `${name}-ttfb`, distribution: ttfb },
      { name: `${name}-failed`, distribution: failedTotal },
    ],
  );
  if (phases.length < 2) return byType;
  const byPhase = phases.map(({ name, interval }) => ({
    name: `pull.${name}`,
    distribution: pullsOf(interval).total,
  }));
  return [...byType, ...byPhase];
}

const imagesTsv = ({ end: { threads } }: PullFigures, imageOf: (image: number) => string): string =>
  tsv(
    ["image", "puller", "pulls", "failures"],
    threads
      .flatMap(({ images }) => images)
      .sort((a, b) => a.image - b.image || a.puller - b.puller)
      .map(({ image, puller, pulls, failures }) => [
        imageOf(image),
        puller < 0 ? "herd" : puller,
        pulls,
        failures,
      ]),
  );

const errorsTsv = ({ errors, beganAt, end }: PullFigures): string =>
  tsv(
    ["puller", "kind", "count", "first_time", "sample"],
    errors.map(({ puller, kind, count, firstAt, sample }) => [
      puller,
      kind,
      count,
      localTime(beganAt + (firstAt - end.beganAtNs) / 1e6),
      sample,
    ]),
  );
