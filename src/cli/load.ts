import { availableParallelism } from "node:os";
import { millis } from "../core/units.ts";
import { choosePacing, pacingModes } from "../pacing/wake-plan.ts";
import type { ClientSpec } from "../registry/client-spec.ts";
import type { TrustOptions } from "../registry/control-transport.ts";
import { ReceiveBytes } from "../wire/thread-wire.ts";
import type { EnginePlan } from "../workers/engine.ts";
import type { LoadFeedPlan } from "../workers/feed-plan.ts";
import { givenNodeOptions } from "./cluster/given-nodes.ts";
import { nodePlanning } from "./cluster/spread-load.ts";
import { thenClose } from "./cluster/then-close.ts";
import type { Command, OptionTable, OptionValues } from "./command.ts";
import { ctlAddress, ctlOption } from "./ctl/ctl-address.ts";
import { uiOption } from "./live/ui-choice.ts";
import { firstAnswer } from "./load/first-answer.ts";
import { loadNodes } from "./load/load-nodes.ts";
import { runLoad } from "./load/load-run.ts";
import {
  loadSchedule,
  parseRate,
  parseSteps,
  peakRate,
  scheduleSeconds,
  secondsOf,
  stepNames,
} from "./load/load-schedule.ts";
import { type LoadTarget, loadTarget, whatIsSent } from "./load/load-target.ts";
import { loadTrust } from "./load/load-trust.ts";
import { userAgent } from "./replay/client-plan.ts";
import { endOptions } from "./replay/replay-options.ts";
import { loggedRequests, requestLogOptions } from "./replay/request-log.ts";
import { machineFacts, type RunStory } from "./replay/run-story.ts";
import { givenThresholds } from "./thresholds/given-thresholds.ts";
import { typedWords } from "./typed-words.ts";

const options = {
  config: {
    type: "string",
    alias: "i",
    holdsFlags: true,
    value: "FILE",
    help: "values of these flags and the url (YAML), for those not given",
  },
  rate: {
    type: "string",
    value: "RATE",
    check: (text, label) => void parseRate(text, label),
    help: "open loop: requests per second, 200/s or 1.5k/s",
  },
  steps: {
    type: "string",
    value: "STEPS",
    check: (text, label) => void parseSteps(text, label),
    help: "open loop: rates and ramps in turn, 100/s:10s,100/s..500/s:30s",
  },
  poisson: {
    type: "boolean",
    default: false,
    help: "independent arrivals with the mean of --rate",
  },
  duration: {
    type: "string",
    default: "10s",
    value: "TIME",
    check: (text, label) => void secondsOf(text, label),
    help: "how long",
  },
  connections: {
    type: "number",
    integer: true,
    min: 1,
    max: 65_536,
    default: 64,
    value: "N",
    help: "requests under way at the same time, each on a connection of its own",
  },
  workers: {
    type: "number",
    integer: true,
    min: 1,
    max: 64,
    value: "N",
    help: "request worker threads; 1 unless there are cores and connections for more",
  },
  method: {
    type: "string",
    default: "GET",
    value: "METHOD",
    help: "GET, HEAD, DELETE or OPTIONS; PUT, POST or PATCH with --body",
  },
  body: {
    type: "string",
    value: "SIZE",
    help: "send a body of this size, 10MiB, made while it is sent, another one each time",
  },
  random: {
    type: "boolean",
    default: false,
    help: "bodies that cannot be compressed, instead of zeros behind a distinct beginning",
  },
  verify: {
    type: "boolean",
    default: false,
    help: "check the SHA-256 of every body against the digest that the URL ends with",
  },
  pacing: {
    type: "string",
    choices: pacingModes,
    value: "MODE",
    help: "how exactly due times are kept: economical, balanced or precise; chosen by rate and cores",
  },
  seed: { type: "string", default: "0", value: "TEXT", help: "seed of --poisson and of bodies" },
  ca: {
    type: "string",
    value: "FILE",
    help: "certificate authority to trust besides those of the system, PEM",
  },
  insecure: { type: "boolean", default: false, help: "accept any certificate" },
  ...givenNodeOptions,
  json: { type: "boolean", default: false, help: "print the summary as JSON" },
  ...uiOption,
  quiet: { type: "boolean", default: false, help: "print the summary and errors only" },
  ...endOptions,
  ...ctlOption,
  ...requestLogOptions,
} as const satisfies OptionTable;

type Given = OptionValues<typeof options>;

const ON_TIME_MS = 10;
const TOO_LATE_MS = 100;
const TOO_LATE_SHARE = 0.01;
const loadLimits = {
  lateness: millis(TOO_LATE_MS),
  share: TOO_LATE_SHARE,
  onTime: millis(ON_TIME_MS),
};
/** Requests at once that one thread carries with ease. */
const PLACES_PER_THREAD = 256;

/** Synthetic load without a trace: the same request at a rate, or as fast as the connections allow. */
export const load: Command<typeof options> = {
  name: "load",
  summary: "synthetic load on a URL, at a rate or as fast as it goes",
  examples: [
    { type: "drayage load localhost:5000 --rate 200/s --duration 30s", does: "GET /v2/ at a rate" },
    {
      type: "drayage load http://localhost:5000/v2/a/manifests/v1 --steps 100/s:10s,100/s..1k/s:1m",
      does: "a step, then a ramp",
    },
    {
      type: "drayage load localhost:5000 --connections 16",
      does: "closed loop: as fast as it goes",
    },
    {
      type: "drayage load registry:5000 --rate 50k/s --nodes box1:8081,box2:8081",
      does: "one schedule, sent from two machines in turn",
    },
    {
      type: "drayage load registry:5000 --rate 50k/s --nats nats://one:4222 --group load --expect 3",
      does: "the same from three machines that are announced at a message server",
    },
    {
      type: "drayage load http://localhost:5000/v2/a/blobs/sha256:HEX --connections 4 --verify",
      does: "one blob again and again, its digest checked each time",
    },
  ],
  positionals: ["URL"],
  options,
  async run(given, [url = ""], terminal) {
    const thresholds = givenThresholds(given.threshold);
    const ctl = ctlAddress(given, terminal.env);
    const target = loadTarget(url, { ...given, userAgent });
    const trust = loadTrust(given, target.origin);
    const schedule = loadSchedule(given);
    const nodes = await loadNodes(given, terminal);
    const plan = planLoad(
      given,
      { target, trust },
      {
        kind: "load",
        schedule,
        head: target.head,
        bodyBytes: target.bodyBytes,
        sha256: target.sha256,
        seed: given.seed,
        threads: nodes?.count ?? threadsFor(given),
      },
    );
    if (nodes === undefined) await firstAnswer(target, trust);
    return thenClose(nodes, () =>
      runLoad(
        {
          plan,
          makeEngine: nodes?.engineFor(nodePlanning(plan, nodes.count)),
          story: storyOf(given, target, plan),
          nodes: nodes?.count ?? 1,
          limits: loadLimits,
          seconds: scheduleSeconds(schedule, given.duration),
          out: given.out,
          quiet: given.quiet,
          logged: loggedRequests(given),
          ui: given.ui,
          ctl,
          metrics: given.metrics,
          otlp: given.otlp,
          allowInvalid: given["allow-invalid"],
          allowFailures: given["allow-failures"],
          thresholds,
        },
        terminal,
      ),
    );
  },
};

function threadsFor({ workers, connections }: Given): number {
  if (workers !== undefined) return Math.min(workers, connections);
  const spare = Math.max(1, availableParallelism() - 1);
  return Math.max(1, Math.min(spare, Math.ceil(connections / PLACES_PER_THREAD)));
}

function planLoad(
  given: Given,
  { target, trust }: { readonly target: LoadTarget; readonly trust: TrustOptions },
  feed: LoadFeedPlan,
): EnginePlan & { readonly feed: LoadFeedPlan } {
  const places = Math.ceil(given.connections / feed.threads);
  const rate = peakRate(feed.schedule);
  return {
    threads: feed.threads,
    feed,
    client: clientOf(given, target, trust),
    limits: { places, entries: places, lanes: "none" },
    opening: [0],
    pacing:
      pacingModes.find((mode) => mode === given.pacing) ??
      choosePacing({ cores: availableParallelism(), workerThreads: feed.threads, rate }),
    onTimeNs: ON_TIME_MS * 1e6,
    tooLateNs: TOO_LATE_MS * 1e6,
  };
}

const clientOf = (
  { seed, random }: Given,
  { origin, style }: LoadTarget,
  trust: TrustOptions,
): ClientSpec => ({
  endpoints: [
    {
      origin,
      pathPrefix: "",
      namePrefix: "",
      style,
      ...trust,
      auth: { type: "none" },
    },
  ],
  timeouts: { connect: 10, firstByte: 60, idle: 60, total: 0 },
  retries: { count: 0, backoffMs: 500, on: [] },
  keepAlive: true,
  seed,
  random,
  receiveBytes: ReceiveBytes.blobs,
});

function storyOf(given: Given, target: LoadTarget, plan: EnginePlan): RunStory {
  const { threads, pacing, limits } = plan;
  const { feed } = plan as EnginePlan & { feed: LoadFeedPlan };
  return {
    verb: "load",
    arguments: typedWords(),
    seed: given.seed,
    plan: {
      url: `${target.origin}${target.path}`,
      schedule: feed.schedule,
      threads,
      pacing,
      limits,
    },
    traces: [],
    facts: [
      ["target", whatIsSent(target)],
      ["schedule", given.rate ?? given.steps ?? "closed loop"],
      ["connections", `${given.connections} on ${threads} threads`],
      ["pacing", pacing],
      ["seed", given.seed],
      ...machineFacts(),
    ],
    frame: {
      paced: feed.schedule.kind !== "closed",
      failsOn: "all",
      judged: { limits: loadLimits, placesKey: "--connections" },
      nodes: [],
      steps: stepNames(feed.schedule),
    },
    json: given.json,
    next: [],
  };
}
