import { availableParallelism } from "node:os";
import { DrayageError } from "../core/errors.ts";
import { millis } from "../core/units.ts";
import { choosePacing, pacingModes } from "../pacing/wake-plan.ts";
import type { ClientSpec } from "../registry/client-spec.ts";
import { ControlTransport, TransportError } from "../registry/control-transport.ts";
import { ReceiveBytes } from "../wire/thread-wire.ts";
import type { EnginePlan } from "../workers/engine.ts";
import type { LoadFeedPlan } from "../workers/feed-plan.ts";
import type { Command, OptionValues } from "./command.ts";
import { redactedArguments } from "./config/overrides.ts";
import { runLoad } from "./load/load-run.ts";
import { loadSchedule, peakRate, scheduleSeconds } from "./load/load-schedule.ts";
import { type LoadTarget, loadTarget } from "./load/load-target.ts";
import { userAgent } from "./replay/client-plan.ts";
import { endOptions } from "./replay/replay-options.ts";
import { machineFacts, type RunStory } from "./replay/run-story.ts";

const options = {
  rate: { type: "string", value: "RATE", help: "open loop: requests per second, 200/s or 1.5k/s" },
  steps: {
    type: "string",
    value: "STEPS",
    help: "open loop: rates and ramps in turn, 100/s:10s,100/s..500/s:30s",
  },
  poisson: {
    type: "boolean",
    default: false,
    help: "independent arrivals with the mean of --rate",
  },
  duration: { type: "string", default: "10s", value: "TIME", help: "how long" },
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
  method: { type: "string", default: "GET", value: "METHOD", help: "GET, HEAD, DELETE or OPTIONS" },
  pacing: {
    type: "string",
    choices: pacingModes,
    value: "MODE",
    help: "how exactly due times are kept: economical, balanced or precise; chosen by rate and cores",
  },
  seed: { type: "string", default: "0", value: "TEXT", help: "seed of --poisson" },
  insecure: { type: "boolean", default: false, help: "accept any certificate" },
  json: { type: "boolean", default: false, help: "print the summary as JSON" },
  quiet: { type: "boolean", default: false, help: "print the summary and errors only" },
  ...endOptions,
} as const;

type Given = OptionValues<typeof options>;

const ON_TIME_MS = 10;
const TOO_LATE_MS = 100;
const TOO_LATE_SHARE = 0.01;
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
  ],
  positionals: ["URL"],
  options,
  async run(given, [url = ""], terminal) {
    const target = loadTarget(url, { method: given.method.toUpperCase(), userAgent });
    const schedule = loadSchedule(given);
    const plan = planLoad(given, target, {
      kind: "load",
      schedule,
      head: target.head,
      seed: given.seed,
      threads: threadsFor(given),
    });
    await requireAnswer(target, given.insecure);
    return runLoad(
      {
        plan,
        story: storyOf(given, target, plan),
        limits: {
          lateness: millis(TOO_LATE_MS),
          share: TOO_LATE_SHARE,
          onTime: millis(ON_TIME_MS),
        },
        seconds: scheduleSeconds(schedule, given.duration),
        out: given.out,
        quiet: given.quiet,
        allowInvalid: given["allow-invalid"],
        allowFailures: given["allow-failures"],
      },
      terminal,
    );
  },
};

/** One HEAD before the start: where nobody answers, there is nothing to load. What it answers does not matter. */
async function requireAnswer({ origin, path }: LoadTarget, insecure: boolean): Promise<void> {
  const transport = new ControlTransport({ ca: undefined, insecure });
  try {
    await transport.fetch({ method: "HEAD", url: `${origin}${path}` });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new DrayageError("target-unreachable", `${origin}: ${error.message}`, { cause: error });
  } finally {
    await transport.close();
  }
}

function threadsFor({ workers, connections }: Given): number {
  if (workers !== undefined) return Math.min(workers, connections);
  const spare = Math.max(1, availableParallelism() - 1);
  return Math.max(1, Math.min(spare, Math.ceil(connections / PLACES_PER_THREAD)));
}

function planLoad(
  given: Given,
  target: LoadTarget,
  feed: LoadFeedPlan,
): EnginePlan & { readonly feed: LoadFeedPlan } {
  const places = Math.ceil(given.connections / feed.threads);
  const rate = peakRate(feed.schedule);
  return {
    threads: feed.threads,
    feed,
    client: clientOf(given, target),
    limits: { places, entries: places, lanes: "none" },
    pacing:
      pacingModes.find((mode) => mode === given.pacing) ??
      choosePacing({ cores: availableParallelism(), workerThreads: feed.threads, rate }),
    onTimeNs: ON_TIME_MS * 1e6,
    tooLateNs: TOO_LATE_MS * 1e6,
  };
}

const clientOf = (given: Given, { origin, style }: LoadTarget): ClientSpec => ({
  endpoints: [
    {
      origin,
      pathPrefix: "",
      namePrefix: "",
      style,
      insecure: given.insecure,
      auth: { type: "none" },
    },
  ],
  timeouts: { connect: 10, firstByte: 60, idle: 60, total: 0 },
  retries: { count: 0, backoffMs: 500, on: [] },
  keepAlive: true,
  seed: given.seed,
  random: false,
  receiveBytes: ReceiveBytes.blobs,
});

function storyOf(given: Given, target: LoadTarget, plan: EnginePlan): RunStory {
  const { threads, pacing, limits } = plan;
  const { feed } = plan as EnginePlan & { feed: LoadFeedPlan };
  return {
    verb: "load",
    arguments: redactedArguments(process.argv.slice(2)),
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
      ["target", `${given.method.toUpperCase()} ${target.origin}${target.path}`],
      ["schedule", given.rate ?? given.steps ?? "closed loop"],
      ["connections", `${given.connections} on ${threads} threads`],
      ["pacing", pacing],
      ["seed", given.seed],
      ...machineFacts(),
    ],
    json: given.json,
    next: [],
  };
}
