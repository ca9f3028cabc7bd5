import { availableParallelism } from "node:os";
import { millis } from "../core/units.ts";
import { choosePacing, pacingModes } from "../pacing/wake-plan.ts";
import type { ClientSpec } from "../registry/client-spec.ts";
import type { TrustOptions } from "../registry/control-transport.ts";
import { ReceiveBytes } from "../wire/thread-wire.ts";
import type { EnginePlan } from "../workers/engine.ts";
import type { LoadFeedPlan } from "../workers/feed-plan.ts";
import { loadArguments } from "./cluster/resume-arguments.ts";
import { nodePlanning } from "./cluster/spread-load.ts";
import { thenClose } from "./cluster/then-close.ts";
import type { Command } from "./command.ts";
import { freeCtlAddress } from "./ctl/ctl-address.ts";
import { requireUi } from "./live/ui-choice.ts";
import { firstAnswer } from "./load/first-answer.ts";
import { describeLoad } from "./load/load-description.ts";
import { loadNodes } from "./load/load-nodes.ts";
import { type GivenLoad, loadOptions } from "./load/load-options.ts";
import { runLoad } from "./load/load-run.ts";
import { loadSchedule, peakRate, scheduleSeconds, stepNames } from "./load/load-schedule.ts";
import { type LoadTarget, loadTarget, whatIsSent } from "./load/load-target.ts";
import { loadTrust } from "./load/load-trust.ts";
import { userAgent } from "./replay/client-plan.ts";
import { loggedRequests } from "./replay/request-log.ts";
import { machineFacts, type RunStory } from "./replay/run-story.ts";
import { givenThresholds } from "./thresholds/given-thresholds.ts";
import { typedWords } from "./typed-words.ts";

const ON_TIME_MS = 10;
const TOO_LATE_MS = 100;
const TOO_LATE_SHARE = 0.01;
const loadLimits = {
  lateness: millis(TOO_LATE_MS),
  share: TOO_LATE_SHARE,
  onTime: millis(ON_TIME_MS),
};
type LoadPlan = EnginePlan & { readonly feed: LoadFeedPlan };
/** Flags without a value. */
const switches = new Set(
  Object.entries(loadOptions).flatMap(([name, { type }]) => (type === "boolean" ? [name] : [])),
);
/** Requests at once that one thread carries with ease. */
const PLACES_PER_THREAD = 256;

/** Synthetic load without a trace: the same request at a rate, or as fast as the connections allow. */
export const load: Command<typeof loadOptions> = {
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
      type: "drayage load --resume runs/2026-11-23T13-05-53Z_load_c61434",
      does: "carry on a load over --nats whose master was killed",
    },
    {
      type: "drayage load http://localhost:5000/v2/a/blobs/sha256:HEX --connections 4 --verify",
      does: "one blob again and again, its digest checked each time",
    },
  ],
  positionals: ["URL"],
  normalize: (args) => loadArguments(args, switches),
  options: loadOptions,
  async run(given, [url = ""], terminal) {
    requireUi(given, terminal);
    const thresholds = givenThresholds(given.threshold);
    const ctl = await freeCtlAddress(given, terminal.env);
    const target = loadTarget(url, { ...given, userAgent });
    const trust = loadTrust(given, target.origin);
    const schedule = loadSchedule(given);
    const nodes = await loadNodes(given, describeLoad(given, target, schedule), terminal);
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
          makeEngine: nodes?.engineFor(nodePlanning(plan, nodes)),
          story: storyOf(given, target, { ...plan, runId: nodes?.keptAs }),
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

function threadsFor({ workers, connections }: GivenLoad): number {
  if (workers !== undefined) return Math.min(workers, connections);
  const spare = Math.max(1, availableParallelism() - 1);
  return Math.max(1, Math.min(spare, Math.ceil(connections / PLACES_PER_THREAD)));
}

function planLoad(
  given: GivenLoad,
  { target, trust }: { readonly target: LoadTarget; readonly trust: TrustOptions },
  feed: LoadFeedPlan,
): LoadPlan {
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
  { seed, random }: GivenLoad,
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

function storyOf(
  given: GivenLoad,
  target: LoadTarget,
  { threads, pacing, limits, feed, runId }: LoadPlan & { readonly runId: string | undefined },
): RunStory {
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
      runId,
    },
    traces: [],
    facts: [
      ["target", whatIsSent(target)],
      ["schedule", given.rate ?? given.steps ?? "closed loop"],
      ["connections", `${given.connections} on ${threads} ${threads === 1 ? "thread" : "threads"}`],
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
