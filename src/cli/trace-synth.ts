import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { defaultProfile } from "../trace/synth/profile.ts";
import { type Synthesized, synthesize } from "../trace/synth/synthesize.ts";
import type { Command, OptionValues } from "./command.ts";
import { ProgressLine } from "./live/progress-line.ts";
import { uiOption } from "./live/ui-choice.ts";
import { readProfile } from "./synth-profile.ts";

const options = {
  out: { type: "string", required: true, value: "DIR", help: "folder of the trace" },
  records: {
    type: "number",
    required: true,
    integer: true,
    min: 1,
    value: "N",
    help: "number of requests; statistics hold from 200,000 on",
  },
  seed: { type: "string", default: "0", help: "equal seeds and options give equal bytes" },
  zone: { type: "string", default: "dal09", help: "data centre in the names of folder and files" },
  start: {
    type: "string",
    default: "2017-06-20T00:00:00Z",
    value: "TIME",
    help: "when the first request begins (UTC unless it says otherwise)",
  },
  "shard-hours": {
    type: "number",
    default: 6,
    value: "H",
    help: "hours in one file, at most 24; a file also ends after 100,000 records",
  },
  rate: {
    type: "number",
    value: "R",
    help: `mean requests per second; the profile's, or ${defaultProfile.requestsPerSecond}`,
  },
  clients: {
    type: "number",
    integer: true,
    min: 1,
    value: "N",
    help: `number of trace clients; the profile's, or ${defaultProfile.clients}`,
  },
  hosts: {
    type: "number",
    integer: true,
    min: 1,
    value: "N",
    help: `number of registry servers; the profile's, or ${defaultProfile.hosts}`,
  },
  profile: { type: "string", value: "FILE", help: "YAML that overrides any figure of the trace" },
  gzip: { type: "boolean", default: false, help: "compress the files (.gz)" },
  zstd: { type: "boolean", default: false, help: "compress the files (.zst)" },
  force: { type: "boolean", default: false, help: "replace the files of the zone in DIR" },
  json: { type: "boolean", default: false, help: "print what was written as JSON" },
  ...uiOption,
  quiet: { type: "boolean", default: false, help: "show no progress" },
} as const;

type Given = OptionValues<typeof options>;

export const traceSynth: Command<typeof options> = {
  name: "trace synth",
  summary: "write a synthetic trace in the native format",
  examples: [
    {
      type: "drayage trace synth --out trace --records 200000 --seed 1",
      does: "nine hours of a busy zone, the same each time",
    },
    {
      type: "drayage trace synth --out trace --records 20000 --rate 500 --zstd",
      does: "40 seconds at 500 requests/s, compressed",
    },
  ],
  options,
  async run(given, _, terminal) {
    const { out, err } = terminal;
    const total = given.records;
    const line = new ProgressLine(terminal, given);
    const written = await synthesize({
      onProgress: (done) => line.show({ doing: "writing", done, total, unit: "records" }),
      outDir: given.out,
      records: given.records,
      seed: given.seed,
      zone: given.zone,
      start: startOf(given.start),
      shardHours: given["shard-hours"],
      compression: compressionOf(given),
      profile: profileOf(given),
      force: given.force,
    }).finally(() => line.end());
    err.write(summary(written));
    if (given.json) out.write(`${JSON.stringify(written)}\n`);
    return ExitCode.done;
  },
};

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** Milliseconds since the Unix epoch. */
function startOf(text: string): number {
  const [, day, time = "00:00", zone = "Z"] = TIME.exec(text) ?? [];
  const start = Date.parse(`${day}T${time}${zone}`);
  // Date.parse takes a 31st of June for the 1st of July.
  const isDay = new Date(Date.parse(`${day}T00:00Z`) || 0).toISOString().startsWith(`${day}T`);
  if (Number.isNaN(start) || !isDay) {
    throw new UsageError(`--start wants a time such as 2017-06-20T00:00:00Z, not "${text}"`);
  }
  return start;
}

function compressionOf({ gzip, zstd }: Given): "none" | "gzip" | "zstd" {
  if (gzip && zstd) throw new UsageError("--gzip and --zstd contradict each other: give one");
  if (gzip) return "gzip";
  return zstd ? "zstd" : "none";
}

function profileOf({ profile, rate, clients, hosts }: Given) {
  const figures = profile === undefined ? defaultProfile : readProfile(profile);
  if (rate !== undefined && !(rate > 0)) {
    throw new UsageError("--rate wants a number of requests per second above 0");
  }
  return {
    ...figures,
    requestsPerSecond: rate ?? figures.requestsPerSecond,
    clients: clients ?? figures.clients,
    hosts: hosts ?? figures.hosts,
  };
}

function summary({ files, records, bytes }: Synthesized): string {
  const lines = files.map((file) => `${file.path}  ${counted(file.records, "record")}`);
  const total = `${counted(files.length, "file")}, ${counted(records, "record")}, ${counted(bytes, "byte")}`;
  return [...lines, total, ""].join("\n");
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
