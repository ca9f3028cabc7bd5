import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { stringify } from "yaml";
import { ExitCode } from "../core/exit-code.ts";
import { startEmbeddedRegistryThread } from "../embedded/registry-thread.ts";
import { createRunDirectory } from "../report/run-directory.ts";
import type { Threshold } from "../report/thresholds/threshold.ts";
import { briefProfile } from "../trace/synth/profile.ts";
import { synthesize } from "../trace/synth/synthesize.ts";
import { includeTokens } from "../trace/trace-options.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { loadReplayConfig } from "./config/replay-config.ts";
import { uiOption } from "./live/ui-choice.ts";
import { metricsOptions } from "./metrics/metrics-options.ts";
import type { MetricsFlags } from "./metrics/publication.ts";
import { planRun } from "./replay/engine-plan.ts";
import { thresholdOption } from "./replay/replay-options.ts";
import { type LoggedRequests, loggedRequests, requestLogOptions } from "./replay/request-log.ts";
import { replayRun } from "./replay/run-replay.ts";
import { replayWarmup } from "./replay/warmup-replay.ts";
import { givenThresholds } from "./thresholds/given-thresholds.ts";
import { typedWords } from "./typed-words.ts";

/** A rate that any machine keeps and that fills every plot. */
const RECORDS_PER_SECOND = 400;

const options = {
  seconds: {
    type: "number",
    integer: true,
    min: 1,
    max: 600,
    default: 10,
    value: "N",
    help: "length of the replay, about",
  },
  seed: { type: "string", default: "0", value: "TEXT", help: "seed of trace and contents" },
  out: { type: "string", value: "DIR", help: "run directory; a new one below runs if absent" },
  json: { type: "boolean", default: false, help: "print the summary as JSON" },
  ...thresholdOption,
  ...requestLogOptions,
  ...uiOption,
  ...metricsOptions,
} as const;

type Given = OptionValues<typeof options>;

/** Everything in one command: embedded registry, synthetic trace, warm-up, paced replay, report. */
export const demo: Command<typeof options> = {
  name: "demo",
  summary: "show a replay from start to report, with nothing installed",
  examples: [
    { type: "drayage demo", does: "replay a small synthetic trace for 10 s" },
    { type: "drayage demo --seconds 60", does: "the same for a minute" },
    { type: "drayage demo -T 'get-blob.p99 < 50ms'", does: "exit 99 if that does not hold" },
  ],
  options,
  async run(given, _, terminal) {
    const startedAt = Date.now();
    const { path } = await createRunDirectory({ verb: "demo", startedAt, out: given.out });
    const say = (line: string): void => void terminal.err.write(`${line}\n`);
    const registry = await startEmbeddedRegistryThread();
    try {
      say(`registry: embedded, on ${registry.url}`);
      const config = await prepare(path, registry.url, given);
      say(`trace and configuration: ${config}`);
      const { ui, metrics, otlp } = given;
      const warmed = await warm(path, { config, ui, metrics, otlp }, terminal);
      if (warmed !== ExitCode.done) return warmed;
      say(`filled; replaying for about ${given.seconds} s, every request at its time`);
      const logged = loggedRequests(given);
      const thresholds = givenThresholds(given.threshold);
      return await replay(
        path,
        { config, json: given.json, logged, thresholds, ui, metrics, otlp },
        terminal,
      );
    } finally {
      await registry.close();
    }
  },
};

/** Writes trace and configuration; returns the path of the latter. Both can be used again by hand. */
async function prepare(path: string, registry: string, given: Given): Promise<string> {
  const { files } = await synthesize({
    outDir: join(path, "trace"),
    records: given.seconds * RECORDS_PER_SECOND,
    seed: given.seed,
    profile: { ...briefProfile, requestsPerSecond: RECORDS_PER_SECOND },
  });
  const config = join(path, "config.yaml");
  const content = {
    client_info: { client_list: ["local"], threads: 64, wait: true },
    trace: {
      traces: files.map(({ path: file }) => file),
      include: [...includeTokens],
      output: join(path, "results.json"),
    },
    registry: [registry],
    warmup: {
      output: join(path, "map.json"),
      threads: 16,
      random: true,
      repository: "traced",
      manifests: "manifest",
      identity: "digest",
    },
    run: { seed: given.seed },
  };
  writeFileSync(config, stringify(content));
  return config;
}

/** What warm-up and run are asked for alike. */
const common = () => ({
  arguments: typedWords(),
  quiet: false,
  allowInvalid: false,
  allowFailures: false,
});

/** The warm-up's own summary would bury the one that the demo is about. */
async function warm(
  path: string,
  { config: file, ...asked }: MetricsFlags & { readonly config: string; readonly ui: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const config = loadReplayConfig({ path: file, mode: "warmup", env: {} });
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const request = {
    ...common(),
    ...asked,
    verb: "warmup",
    config,
    flags: {},
    restart: false,
    out: join(path, "warmup"),
    json: false,
    next: [],
    again: { type: "drayage demo", does: "begin anew" },
  };
  return replayWarmup(request, { ...terminal, out: nowhere });
}

async function replay(
  path: string,
  {
    config: file,
    ...asked
  }: MetricsFlags & {
    readonly config: string;
    readonly json: boolean;
    readonly ui: string;
    readonly logged: LoggedRequests | undefined;
    readonly thresholds: readonly Threshold[];
  },
  terminal: Terminal,
): Promise<ExitCode> {
  const config = loadReplayConfig({ path: file, mode: "run", env: {} });
  const plan = planRun(config, { dryRun: false, runId: randomBytes(8).toString("hex") });
  const next = [
    { type: "drayage serve", does: "the embedded registry on its own" },
    { type: "drayage warmup -i config.yaml", does: "fill a registry of yours: see README.md" },
  ];
  const out = join(path, "run");
  return replayRun({ ...common(), verb: "demo", config, plan, out, ...asked, next }, terminal);
}
