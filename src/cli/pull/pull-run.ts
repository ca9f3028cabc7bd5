// A pull test from its settings to its files.
import { readFileSync } from "node:fs";
import { takeOrigin, threadClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { configurationBlock } from "../../pull/configuration-block.ts";
import { PullDriver } from "../../pull/driver.ts";
import type { DriverRequest, Phase } from "../../pull/driver-contract.ts";
import type { HerdRequest } from "../../pull/herd-run.ts";
import { type Image, imageText } from "../../pull/image-list.ts";
import { metricLine } from "../../pull/metric-line.ts";
import { requireReachable } from "../../pull/reachable.ts";
import { fullReference } from "../../pull/selection.ts";
import type { ServerWatch } from "../../pull/server-watch.ts";
import { ControlTransport } from "../../registry/control-transport.ts";
import { requestFileOpener } from "../../report/request-file.ts";
import type { HaltedBy } from "../../workers/pull-engine.ts";
import type { PullPlan } from "../../workers/pull-plan.ts";
import { takeNames } from "../cluster/left-files.ts";
import type { Terminal } from "../command.ts";
import type { RunView } from "../live/run-view.ts";
import { Publication } from "../metrics/publication.ts";
import { catchInterrupts } from "../replay/interrupts.ts";
import { CacheControl } from "./cache-control.ts";
import { printList } from "./image-report.ts";
import { blockOf } from "./pull-block.ts";
import { PullCourse } from "./pull-course.ts";
import { PullFiles } from "./pull-files.ts";
import { factsOf, finishPull, imageAt, snapshotPull } from "./pull-finish.ts";
import { type FoundImages, findImages } from "./pull-images.ts";
import { describePull, type PullNodes, pullNodes } from "./pull-nodes.ts";
import { makeGivenFolder, PullOutputs, pullDirectory } from "./pull-outputs.ts";
import { herdImages, type PullPlanInput, pullPhases, pullPlan } from "./pull-phases.ts";
import type { PullRequest } from "./pull-request.ts";
import { resourceWarnings } from "./resource-warnings.ts";
import { runRecordOf } from "./run-record.ts";
import { SecondCourse } from "./second-course.ts";
import { type ServerAccess, serverAccess } from "./server-access.ts";

type Servers = { readonly cache: ServerAccess; readonly registry: ServerAccess };

/** Returns the exit code. Throws UsageError and DrayageError for what cannot begin. */
export async function runPull(request: PullRequest, terminal: Terminal): Promise<ExitCode> {
  const { given, settings } = request;
  const servers = accessOf(request, terminal);
  terminal.out.write(configurationBlock(blockOf(given, settings)));
  let files: PullFiles | undefined;
  const openFiles = (): PullFiles => {
    files ??= new PullFiles(given, terminal);
    return files;
  };
  // Those of a ramp that is resumed are its master's while that lives.
  if (given.list !== true && given.resume === undefined) openFiles();
  const transport = new ControlTransport({ ...servers.cache, ca: servers.cache.ca });
  try {
    const { tell, warn } = saying(terminal);
    const found = await findImages(
      { given, settings, access: servers.registry, clock: threadClock(takeOrigin()) },
      { tell, warn },
    );
    if (given.list === true) {
      printList(settings, found.selection, terminal);
      return ExitCode.done;
    }
    const cache = new CacheControl({ given, settings, access: servers.cache }, transport, warn);
    return await new PullRun({ request, servers, found, openFiles, cache }, terminal).run();
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
    readPassword: () => readFileSync(0, "utf8").split(/\r?\n/)[0] ?? "",
  };
  return {
    cache: serverAccess(given, "", settings.cache, environment),
    registry: serverAccess(given, "registry-", settings.registry, environment),
  };
}

type RunParts = {
  readonly request: PullRequest;
  readonly servers: Servers;
  readonly found: FoundImages;
  readonly openFiles: () => PullFiles;
  readonly cache: CacheControl;
};

type Sinks = {
  readonly outputs: PullOutputs | undefined;
  readonly course: PullCourse;
  readonly files: PullFiles;
  readonly recalled: (by: HaltedBy) => void;
};

class PullRun {
  readonly #parts: RunParts;
  readonly #terminal: Terminal;
  readonly #rates = new SecondCourse();
  readonly #startedAt = Date.now();
  /** Machines that pull; this process does if absent. */
  #nodes: PullNodes | undefined;

  constructor(parts: RunParts, terminal: Terminal) {
    this.#parts = parts;
    this.#terminal = terminal;
  }

  async run(): Promise<ExitCode> {
    const published = await Publication.open(this.#parts.request.given, this.#terminal.env);
    let say = (line: string): void => void this.#terminal.err.write(`${line}\n`);
    try {
      return await this.#run(published, (view) => {
        say = (line) => view.say(line);
      });
    } finally {
      await this.#nodes?.nodes.close();
      await published.close(say);
    }
  }

  async #run(published: Publication, shown: (view: RunView) => void): Promise<ExitCode> {
    const { request, servers, openFiles } = this.#parts;
    const { given, settings } = request;
    const isDry = given["dry-run"] === true;
    if (given.save !== undefined && !isDry) makeGivenFolder(given.save, "--save");
    if (!isDry)
      await requireReachable({
        ...settings.cache,
        ...spread(servers.cache),
        http2: given.http2 ?? false,
      });
    const { cache } = this.#parts;
    const canPrune = isDry || given.cold !== true || (await cache.prunes(settings.patterns));
    const input: PullPlanInput = {
      given,
      settings,
      access: servers.cache,
      selection: this.#parts.found.selection,
      canPrune,
      plainFirst: request.plainFirst,
      empty: async () => isDry || (await cache.prunes(settings.patterns)),
    };
    const plan = pullPlan(input);
    for (const warning of resourceWarnings(plan, settings.herd?.clients)) this.#warn(warning);
    const watch = await cache.watch();
    const phases = pullPhases(input);
    this.#nodes = await pullNodes(given, describePull(request, plan, phases), this.#terminal);
    if (given.resume !== undefined) takeNames([given["metrics-file"], given["log-file"]]);
    const files = openFiles();
    const outputs = isDry ? undefined : await this.#outputs(plan);
    const { found } = this.#parts;
    const facts = { plan, watch, outputs, request, found, cache };
    const course: PullCourse = new PullCourse(
      {
        request,
        directory: outputs?.path ?? null,
        published,
        schedules: phases.filter(({ kind }) => kind === "schedule").map(({ name }) => name),
        driver: () => driver,
        interrupts: () => interrupts,
        snapshot: () => snapshotPull({ ...facts, end: driver.soFar() }),
      },
      this.#terminal,
    );
    shown(course.view);
    const recalled = (by: HaltedBy): void => {
      if (by === "order") interrupts.recall("drain");
      if (by === "threshold") course.recall();
    };
    const sinks = { outputs, course, files, recalled };
    const driver = this.#driver({ plan, phases, watch, canPrune }, sinks);
    const { program } = this.#terminal;
    const interrupts = catchInterrupts(driver, (line) => course.view.say(line), program);
    files.makeRoom((write) => course.view.above(write));
    try {
      const end = await driver.run();
      course.view.end();
      const signal = interrupts.code();
      return await finishPull(
        { ...facts, end, signal, files, course, rates: this.#rates },
        this.#terminal,
      );
    } finally {
      course.view.end();
      interrupts.release();
      outputs?.close();
    }
  }

  #warn(line: string): void {
    this.#terminal.err.write(`warning: ${line}\n`);
  }

  async #outputs(plan: PullPlan): Promise<PullOutputs> {
    const { given, settings } = this.#parts.request;
    const directory = await pullDirectory({
      results: given.results,
      force: given.force ?? false,
      startedAt: this.#startedAt,
    });
    const facts = factsOf(this.#parts.request, plan);
    const runId = this.#nodes?.outlasts === true ? this.#nodes.nodes.runId : undefined;
    const record = runRecordOf({ given, settings, startedAt: this.#startedAt, facts, runId });
    await directory.writeRun(record);
    const { logged: wanted } = settings;
    const imageOf = (image: number): string => imageText(this.#imageOf(image));
    return new PullOutputs(
      { directory, record },
      wanted && { wanted, open: await requestFileOpener(wanted.format), imageOf },
    );
  }

  #driver(
    {
      plan,
      phases,
      watch,
      canPrune,
    }: { plan: PullPlan; phases: readonly Phase[]; watch: ServerWatch; canPrune: boolean },
    { outputs, course, files, recalled }: Sinks,
  ): PullDriver {
    const { request } = this.#parts;
    const rates = this.#rates;
    const { settings } = request;
    const driverRequest: DriverRequest = {
      plan,
      makeFleet: this.#nodes?.nodes.fleet(this.#nodes.outlasts),
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
      started(begun) {
        outputs?.started(begun);
        course.started(begun);
      },
      second(second) {
        rates.add(second);
        outputs?.second(second);
        course.second(second);
      },
      scraped: (scrape) => outputs?.scraped(scrape),
      haltRecalled: recalled,
    });
  }

  #imageOf(image: number): Image {
    return imageAt(this.#parts.found, image);
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
      pruner: prunes ? this.#parts.cache.pruner : undefined,
    };
  }
}

const spread = ({ ca, cert, key, insecure }: ServerAccess) => ({ ca, cert, key, insecure });
