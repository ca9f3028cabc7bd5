// A pull test from its settings to its files.
import { readFileSync } from "node:fs";
import { takeOrigin, threadClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { configurationBlock } from "../../pull/configuration-block.ts";
import { type DriverEnd, type DriverRequest, type Phase, PullDriver } from "../../pull/driver.ts";
import type { HerdRequest } from "../../pull/herd-run.ts";
import { type Image, imageText } from "../../pull/image-list.ts";
import { metricLine } from "../../pull/metric-line.ts";
import { Pruner } from "../../pull/pruner.ts";
import { RateCourse } from "../../pull/rate-course.ts";
import { requireReachable } from "../../pull/reachable.ts";
import { fullReference } from "../../pull/selection.ts";
import { upstreamCounts } from "../../pull/server-counters.ts";
import { ServerWatch } from "../../pull/server-watch.ts";
import { endpointAuth } from "../../registry/authorizer.ts";
import { ControlTransport } from "../../registry/control-transport.ts";
import { paintFor } from "../../report/text-table.ts";
import type { PullPlan } from "../../workers/pull-plan.ts";
import type { Terminal } from "../command.ts";
import { redactedArguments } from "../config/redacted-arguments.ts";
import { userAgent } from "../replay/client-plan.ts";
import { catchInterrupts } from "../replay/interrupts.ts";
import { machineFacts } from "../replay/run-story.ts";
import { printList } from "./image-report.ts";
import { PullFiles } from "./pull-files.ts";
import { type FoundImages, findImages } from "./pull-images.ts";
import { originalFlags, type PullGiven, secretFlags } from "./pull-options.ts";
import { PullOutputs, pullDirectory, writeLayoutIndex } from "./pull-outputs.ts";
import { pullPage } from "./pull-page.ts";
import { herdImages, type PullPlanInput, pullPhases, pullPlan } from "./pull-phases.ts";
import { type PullFigures, pullFigures, pullResults, verdictOfPull } from "./pull-results.ts";
import type { PullSettings } from "./pull-settings.ts";
import { type PullStory, pullText } from "./pull-text.ts";
import { resourceWarnings } from "./resource-warnings.ts";
import { runRecordOf } from "./run-record.ts";
import { type ServerAccess, serverAccess } from "./server-access.ts";

export type PullRequest = {
  readonly given: PullGiven;
  readonly settings: PullSettings;
  /** Sentences for summary and page: what is special about cache and upstream. */
  readonly notes: readonly string[];
};

type Servers = { readonly cache: ServerAccess; readonly registry: ServerAccess };

/** Returns the exit code. Throws UsageError and DrayageError for what cannot begin. */
export async function runPull(request: PullRequest, terminal: Terminal): Promise<ExitCode> {
  const { given, settings } = request;
  const servers = accessOf(request, terminal);
  terminal.out.write(configurationBlock(blockOf(request)));
  const files = given.list === true ? undefined : new PullFiles(given, terminal);
  const transport = new ControlTransport({ ...servers.cache, ca: servers.cache.ca });
  try {
    const found = await findImages(
      { given, settings, access: servers.registry, clock: threadClock(takeOrigin()) },
      saying(terminal),
    );
    if (files === undefined) {
      printList(settings, found.selection, terminal);
      return ExitCode.done;
    }
    return await new PullRun({ request, servers, found, files, transport }, terminal).run();
  } finally {
    files?.close();
    await transport.close();
  }
}

const saying = ({ out, err }: Terminal) => ({
  tell: (line: string): void => void out.write(`${line}\n`),
  warn: (line: string): void => void err.write(`warning: ${line}\n`),
});

function accessOf({ given, settings }: PullRequest, { env }: Terminal): Servers {
  if (given["password-stdin"] === true && given["registry-password-stdin"] === true)
    throw new UsageError(
      "standard input holds one password: use --registry-password-env for the other",
    );
  const environment = {
    env,
    readPassword: () => readFileSync(0, "utf8").split("\n")[0] ?? "",
  };
  return {
    cache: serverAccess(given, "", settings.cache, environment),
    registry: serverAccess(given, "registry-", settings.registry, environment),
  };
}

function blockOf({ given, settings }: PullRequest) {
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
  return Object.entries(given).flatMap(([name, value]) => {
    const isOurs = !originalFlags.has(name) && !secretFlags.has(name) && name !== "pattern";
    if (!isOurs || value === undefined || Array.isArray(value)) return [];
    return [[name, String(value)] as const];
  });
}

type RunParts = {
  readonly request: PullRequest;
  readonly servers: Servers;
  readonly found: FoundImages;
  readonly files: PullFiles;
  readonly transport: ControlTransport;
};

class PullRun {
  readonly #parts: RunParts;
  readonly #terminal: Terminal;
  readonly #course = new RateCourse();
  readonly #startedAt = Date.now();

  constructor(parts: RunParts, terminal: Terminal) {
    this.#parts = parts;
    this.#terminal = terminal;
  }

  async run(): Promise<ExitCode> {
    const { request, servers } = this.#parts;
    const { given, settings } = request;
    const isDry = given["dry-run"] === true;
    if (!isDry) await requireReachable({ ...settings.cache, ...spread(servers.cache) });
    const canPrune = isDry || given.cold !== true || (await this.#prunes());
    const input: PullPlanInput = {
      given,
      settings,
      access: servers.cache,
      selection: this.#parts.found.selection,
      canPrune,
    };
    const plan = pullPlan(input);
    for (const warning of resourceWarnings(plan, settings.herd?.clients)) this.#warn(warning);
    const watch = await this.#watch();
    const outputs = isDry ? undefined : await this.#outputs();
    const driver = this.#driver({ plan, phases: pullPhases(input), watch, canPrune }, outputs);
    const interrupts = catchInterrupts(driver, (line) => this.#terminal.err.write(`${line}\n`));
    try {
      const end = await driver.run();
      return await this.#finish({ end, plan, watch, outputs, signal: interrupts.code() });
    } finally {
      interrupts.release();
      outputs?.close();
    }
  }

  #warn(line: string): void {
    this.#terminal.err.write(`warning: ${line}\n`);
  }

  /** Empties the cache of all patterns, before a cold phase; false where it has no such endpoint. */
  async #prunes(): Promise<boolean> {
    const pruner = this.#pruner();
    for (const { sent } of this.#parts.request.settings.patterns) {
      const result = await pruner.prune(sent);
      if (result.kind === "no-endpoint") {
        this.#warn(
          "the cache has no prune endpoint: each image is pulled once, from a cache that must be empty now",
        );
        return false;
      }
      if (result.kind === "failed")
        this.#warn(`the first prune of "${sent}" failed: ${result.message}`);
    }
    return true;
  }

  #pruner(): Pruner {
    const { request, servers, transport } = this.#parts;
    const { origin, pathPrefix } = request.settings.cache;
    return new Pruner({
      origin,
      pathPrefix,
      auth: endpointAuth(servers.cache.auth),
      insecure: servers.cache.insecure,
      userAgent,
      fetch: transport.fetch,
      clock: threadClock(takeOrigin()),
    });
  }

  async #watch(): Promise<ServerWatch> {
    const { request, transport } = this.#parts;
    const { given, settings } = request;
    const isDry = given["dry-run"] === true;
    const statsUrl = given["upstream-stats"] ?? `${settings.registry.origin}/_drayage/stats`;
    const isAsked = given["upstream-stats"] !== undefined;
    const known = isDry || isAsked || (await this.#isOurs(statsUrl));
    return new ServerWatch({
      metricsUrl: isDry ? undefined : given["server-metrics"],
      statsUrl: known && !isDry ? statsUrl : undefined,
      fetch: transport.fetch,
      warn: (line) => this.#warn(line),
    });
  }

  /** Whether an upstream is an embedded registry: it alone knows this page. */
  async #isOurs(url: string): Promise<boolean> {
    try {
      const { status, body } = await this.#parts.transport.fetch({ method: "GET", url });
      return status === 200 && upstreamCounts(body.toString("utf8")) !== undefined;
    } catch {
      return false;
    }
  }

  async #outputs(): Promise<PullOutputs> {
    const { given, settings } = this.#parts.request;
    const directory = await pullDirectory({
      results: given.results,
      force: given.force ?? false,
      startedAt: this.#startedAt,
    });
    const record = runRecordOf({ given, settings, startedAt: this.#startedAt });
    await directory.writeRun(record);
    return new PullOutputs(directory);
  }

  #driver(
    {
      plan,
      phases,
      watch,
      canPrune,
    }: { plan: PullPlan; phases: readonly Phase[]; watch: ServerWatch; canPrune: boolean },
    outputs: PullOutputs | undefined,
  ): PullDriver {
    const { request, files } = this.#parts;
    const { settings } = request;
    const driverRequest: DriverRequest = {
      plan,
      phases,
      herd: settings.herd === undefined ? undefined : this.#herd(canPrune),
      tallyMs: settings.tallyMs,
      settleMs: settings.settleMs,
      drainMs: settings.drainMs,
      watch,
      reference: (image) => this.#reference(image),
      pattern: (puller) => settings.patterns[puller % settings.patterns.length]?.text ?? "",
    };
    return new PullDriver(driverRequest, {
      log: (at, text) => files.lines.add(at, text),
      metric: (at, { pulls, seconds, active }) =>
        files.metric(metricLine(at, seconds > 0 ? pulls / seconds : 0, active)),
      tally: (at, point) => outputs?.tally(at, point),
      sample: (seconds, pulls, failed, active) =>
        this.#course.add({ seconds, pulls, failed, active }),
      scraped: (scrape) => outputs?.scraped(scrape),
    });
  }

  #imageOf(image: number): Image {
    const found = this.#parts.found.selection.images[image];
    return found ?? { repository: "", reference: "" };
  }

  #reference(image: number): string {
    const { cache, namespace } = this.#parts.request.settings;
    return fullReference(this.#imageOf(image), { pullthroughHost: cache.host, namespace });
  }

  #herd(canPrune: boolean): HerdRequest | undefined {
    const { given, settings } = this.#parts.request;
    const { herd, namespace } = settings;
    if (herd === undefined) return undefined;
    const prunes = given.prune === true || (given.cold === true && canPrune);
    return {
      clients: herd.clients,
      images: herdImages(this.#parts.found.selection, {
        count: herd.count,
        shuffle: given.shuffle ?? false,
        seed: settings.seed,
      }),
      imageOf: (image) => this.#imageOf(image),
      reference: (image) => imageText(this.#imageOf(image)),
      namespace,
      gapMs: herd.gapMs,
      connected: herd.connected,
      pruner: prunes ? this.#pruner() : undefined,
    };
  }

  async #finish({
    end,
    plan,
    watch,
    outputs,
    signal,
  }: {
    readonly end: DriverEnd;
    readonly plan: PullPlan;
    readonly watch: ServerWatch;
    readonly outputs: PullOutputs | undefined;
    readonly signal: ExitCode | undefined;
  }): Promise<ExitCode> {
    const { request, found, files } = this.#parts;
    const { given } = request;
    const figures = pullFigures(end, {
      watch,
      prunes: given.prune === true || given.cold === true,
      counts: { "repositories without tags": found.repositoriesWithoutTags },
    });
    const exit = exitOf(figures, signal, given["allow-failures"] ?? false);
    const verdict = verdictOfPull(figures, signal !== undefined);
    const story: PullStory = {
      verdict,
      directory: outputs?.path,
      files: outputs?.files(figures) ?? [],
      notes: [...request.notes, ...(given.save === undefined ? [] : ["disk writes included"])],
    };
    if (given.save !== undefined && given["dry-run"] !== true)
      writeLayoutIndex(given.save, figures, (image) => imageText(this.#imageOf(image)));
    const plain = pullText(figures, story, paintFor({ NO_COLOR: "1" }, false));
    await outputs?.write(figures, {
      results: pullResults(figures, { verdict: verdict.text, exit }),
      summary: plain,
      page: pullPage(figures, {
        story,
        command: ["drayage", ...redactedArguments(process.argv.slice(2))].join(" "),
        facts: this.#facts(plan),
        course: this.#course.points,
      }),
      imageOf: (image) => imageText(this.#imageOf(image)),
    });
    files.lines.flush();
    const stream = files.useTerminal ? this.#terminal.err : this.#terminal.out;
    const isTerminal = (stream as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
    stream.write(`${pullText(figures, story, paintFor(this.#terminal.env, isTerminal))}\n`);
    if (end.noPruneEndpoint !== undefined)
      throw new UsageError(
        `server has no prune endpoint (status ${end.noPruneEndpoint}): leave --prune out, or use --cold with a cache that is empty`,
      );
    return exit;
  }

  #facts(plan: PullPlan): [string, string][] {
    const { given, settings } = this.#parts.request;
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
        `${settings.client ?? "plain"}, ${plan.wire.concurrency} requests at once per puller, probe ${plan.probe}`,
      ],
      ["threads", String(plan.threads)],
      ["seed", settings.seed],
      ...machineFacts(),
    ];
  }
}

const spread = ({ ca, cert, key, insecure }: ServerAccess) => ({ ca, cert, key, insecure });

function exitOf(
  { failures }: PullFigures,
  signal: ExitCode | undefined,
  allowFailures: boolean,
): ExitCode {
  return strongestExit([
    ...(signal === undefined ? [] : [signal]),
    ...(failures > 0 && !allowFailures ? [ExitCode.operationsFailed] : []),
  ]);
}
