import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { parseSize } from "../embedded/quantity.ts";
import { type ArrivalsPlan, eachPull, PullRequests } from "../extract/arrivals/arrivals.ts";
import { type Image, readImages, syntheticImages } from "../extract/arrivals/image.ts";
import type { CachePolicy } from "../extract/arrivals/node-cache.ts";
import { eventFilter } from "../extract/arrivals/selection.ts";
import { DistinctValues } from "../extract/masking/distinct-values.ts";
import type { FieldFate } from "../extract/output/manifest.ts";
import { type NativePlan, NativeTrace } from "../extract/output/native-trace.ts";
import { PullFile } from "../extract/output/pull-file.ts";
import type { SourceReport, TraceReport } from "../extract/row-sink.ts";
import type { Command, OptionValues } from "./command.ts";
import { memoryLimit } from "./extract/memory-limit.ts";
import { outputOptions, plainNativePlan } from "./extract/native-options.ts";
import { refuseOwnInput } from "./extract/own-input.ts";
import { tellExtracted } from "./extract/trace-writing.ts";
import { untilInterrupted } from "./extract/until-interrupted.ts";
import { ProgressLine } from "./live/progress-line.ts";
import type { Program } from "./program.ts";

const options = {
  ...outputOptions,
  events: {
    type: "string",
    default: "build",
    value: "LIST",
    help: "events that pull an image: build, rebuild, unshelve, evacuate, migrate, resize, re:REGEX",
  },
  result: { type: "string", value: "RESULT", help: "only events with this result, e.g. Success" },
  "keep-unscheduled": {
    type: "boolean",
    default: false,
    help: 'keep events without a host; their client is "unscheduled"',
  },
  images: { type: "string", value: "FILE", help: "images as JSON lines, the most popular first" },
  "synthetic-images": { type: "string", value: "N[,seed=S]", help: "invent so many images" },
  "image-rule": {
    type: "string",
    default: "project",
    value: "RULE",
    help: "who pulls which image: project, user, flavor, popularity or map:FILE",
  },
  "default-image": { type: "string", value: "REPO:TAG", help: "for what a map does not know" },
  "set-size": {
    type: "number",
    integer: true,
    min: 1,
    default: 3,
    value: "N",
    help: "images that a project or user works with",
  },
  zipf: { type: "number", min: 0, default: 1, value: "S", help: "exponent of popularity" },
  seed: { type: "string", default: "1", help: "equal seeds choose equal images" },
  "node-cache": {
    type: "string",
    default: "unlimited",
    value: "POLICY",
    help: "layers that nodes keep: unlimited, none or lru:SIZE",
  },
  as: {
    type: "string",
    choices: ["requests", "pulls"],
    default: "requests",
    help: "requests of the registry API, or one record a pull",
  },
} as const;

type Given = OptionValues<typeof options>;

export const extractArrivals: Command<typeof options> = {
  name: "extract arrivals",
  summary: "a registry trace of the pulls that instances of a cloud would have made",
  examples: [
    {
      type: "drayage extract arrivals instances.csv -o trace.json --synthetic-images 200,seed=1",
      does: "builds of instances become pulls of invented images",
    },
  ],
  positionals: ["INSTANCE_TRACE"],
  options,
  async run(given, [input = ""], terminal) {
    if (given.as === "pulls" && given["shard-hours"] !== undefined)
      throw new UsageError("--shard-hours is for requests: leave it out, or --as pulls");
    refuseOwnInput([input], given.out);
    const plan = arrivalsPlan(given, input);
    const native = plainNativePlan(given, {
      terminal,
      verb: "extract arrivals",
      positionals: ["INSTANCE_TRACE"],
      fields,
      scanned: [],
    });
    const line = new ProgressLine(terminal, given);
    const reading = (rows: () => number): void =>
      line.watch(() => ({ doing: "reading", done: rows(), total: null, unit: "rows" }));
    const write = given.as === "pulls" ? writePulls : writeRequests;
    const { source, report } = await write({ ...plan, reading }, native, terminal.program).finally(
      () => line.end(),
    );
    terminal.err.write(summary(source, { report, as: given.as }));
    tellExtracted(terminal, { source, trace: report });
    return ExitCode.done;
  },
};

const fields: readonly FieldFate[] = [
  { column: "HOST_NAME (PHYSICAL)", fate: "kept" },
  { column: "START_TIME", fate: "kept" },
  { column: "everything else", fate: "dropped" },
];

type Written = { readonly source: SourceReport; readonly report: TraceReport };

async function writeRequests(
  plan: ArrivalsPlan,
  native: NativePlan,
  program: Program | undefined,
): Promise<Written> {
  const trace = new NativeTrace(native, new DistinctValues(native.memoryBytes / 4));
  const requests = new PullRequests(plan.cache);
  return untilInterrupted(
    async () => {
      const source = await eachPull(plan, (pull) => {
        for (const request of requests.of(pull)) trace.add(request);
      });
      refuseNothing(source, trace.rows);
      return { source, report: await trace.finish(source) };
    },
    () => trace.abort(),
    program,
  );
}

async function writePulls(
  plan: ArrivalsPlan,
  native: NativePlan,
  program: Program | undefined,
): Promise<Written> {
  const file = new PullFile(native);
  return untilInterrupted(
    async () => {
      const source = await eachPull(plan, ({ client, image: { repo, tag }, time }) =>
        file.add({ client, repo, tag, time }),
      );
      refuseNothing(source, file.rows);
      return { source, report: await file.finish(source) };
    },
    () => file.abort(),
    program,
  );
}

function refuseNothing({ rowsRead, dropped }: SourceReport, rows: number): void {
  if (rows > 0) return;
  throw new UsageError(
    `no event of ${rowsRead} becomes a pull (${reasons(dropped)}): see --events and --keep-unscheduled`,
  );
}

function arrivalsPlan(given: Given, input: string): ArrivalsPlan {
  return {
    input,
    selects: eventFilter(given.events.split(",").map((choice) => choice.trim())),
    result: given.result,
    keepUnscheduled: given["keep-unscheduled"],
    images: {
      rule: given["image-rule"],
      images: imagesOf(given),
      seed: given.seed,
      zipf: given.zipf,
      setSize: given["set-size"],
      defaultImage: given["default-image"],
    },
    cache: cachePolicy(given["node-cache"]),
    memoryBytes: memoryLimit(given["memory-limit"]),
  };
}

const SYNTHETIC = /^(\d{1,6})(?:,seed=(.+))?$/;

function imagesOf(given: Given): readonly Image[] {
  const [file, synthetic] = [given.images, given["synthetic-images"]];
  if ((file === undefined) === (synthetic === undefined))
    throw new UsageError("which images? Give one of --images FILE and --synthetic-images N,seed=S");
  if (file !== undefined) return readImages(file);
  const [, count, seed = "1"] = SYNTHETIC.exec(synthetic ?? "") ?? [];
  if (count === undefined || Number(count) === 0)
    throw new UsageError(
      `--synthetic-images wants a number such as 200 or 200,seed=1, not "${synthetic}"`,
    );
  return syntheticImages(Number(count), seed);
}

function cachePolicy(text: string): CachePolicy {
  if (text === "unlimited" || text === "none") return { kind: text };
  const size = /^lru:(.+)$/.exec(text)?.[1];
  if (size === undefined)
    throw new UsageError(`--node-cache wants unlimited, none or lru:SIZE, not "${text}"`);
  return { kind: "lru", bytes: parseSize(size, "--node-cache lru:") };
}

const reasons = (dropped: SourceReport["dropped"]): string =>
  Object.entries(dropped)
    .map(([reason, count]) => `${reason}: ${count}`)
    .join(", ");

function summary(
  { rowsRead, dropped }: SourceReport,
  { report: { path, rows, bytes }, as }: { report: TraceReport; as: string },
): string {
  const left = reasons(dropped);
  return `${path}  ${rows} ${as}, ${bytes} bytes, of ${rowsRead} events${left === "" ? "" : ` (${left})`}\n`;
}
