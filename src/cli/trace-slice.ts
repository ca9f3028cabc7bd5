import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../core/errors.ts";
import { sliceTrace } from "../trace/conversion/slice-trace.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { maskingOptions, refuseMasking } from "./trace/masking-options.ts";
import { toldReading } from "./trace/told-reading.ts";
import { formatOption, reportWritten, writePlan, writingOptions } from "./trace/writing-options.ts";

const options = {
  ...writingOptions,
  from: {
    type: "string",
    value: "TIME",
    help: "leave out what is earlier: a time, or seconds after the first record",
  },
  to: {
    type: "string",
    value: "TIME",
    help: "leave out what is not earlier than this",
  },
  format: formatOption,
  arrival: {
    type: "string",
    choices: ["timestamp", "start"],
    default: "timestamp",
    help: "whether order and window go by the end of a request, its timestamp, or by its start",
  },
  client: { type: "string", array: true, value: "NAME", help: "keep this client" },
  "clients-from": {
    type: "string",
    value: "FILE",
    help: "keep the clients of this list, one a line",
  },
  sample: {
    type: "number",
    value: "SHARE",
    help: "keep this share of the clients, above 0 and at most 1, with all their records",
  },
  seed: { type: "string", default: "0", help: "which clients --sample chooses; as run.seed" },
  dedupe: { type: "boolean", default: false, help: "leave out records whose id came before" },
  limit: { type: "number", integer: true, min: 1, value: "N", help: "keep the first N records" },
  tmp: { type: "string", value: "DIR", help: "folder for sorting what exceeds the memory" },
  ...maskingOptions,
} as const;

type Given = OptionValues<typeof options>;

export const traceSlice: Command<typeof options> = {
  name: "trace slice",
  summary: "cut a part out of traces: a window, clients, a sample; merge them; mask them again",
  examples: [
    {
      type: "drayage trace slice 'shards/*.json' -o hour.json --from 2017-06-20T02:00:00Z --to 2017-06-20T03:00:00Z",
      does: "one hour of many files, in order of time",
    },
    {
      type: "drayage trace slice trace.json -o tenth.json.gz --sample 0.1 --seed 1",
      does: "all requests of every tenth client",
    },
    {
      type: "drayage trace slice trace.json -o public.json --anonymise --key-file mask.key",
      does: "the same requests under new names",
    },
  ],
  positionals: ["INPUT..."],
  options,
  async run(given, inputs, terminal) {
    const plan = {
      ...writePlan(given, inputs, { flag: "--format", format: given.format }),
      window: windowOf(given),
      arrival: given.arrival === "start" ? ("start" as const) : ("timestamp" as const),
      clients: clientsOf(given),
      sample: shareOf(given.sample),
      seed: given.seed,
      dedupe: given.dedupe,
      limit: given.limit,
      tmpDir: given.tmp,
    };
    const change = await changeOf(given, terminal);
    const written = await toldReading(given, terminal, (reading) =>
      sliceTrace({ ...plan, change, ...reading }),
    );
    return reportWritten(written, given, terminal);
  },
};

const windowOf = ({ from, to }: Given) =>
  from === undefined && to === undefined ? undefined : { from, to };

function shareOf(share: number | undefined): number | undefined {
  if (share === undefined || (share > 0 && share <= 1)) return share;
  throw new UsageError(`--sample wants a share above 0 and at most 1 and got ${share}`);
}

function clientsOf({ client, "clients-from": path }: Given): ReadonlySet<string> | undefined {
  const listed = path === undefined ? [] : clientsIn(path);
  const all = new Set([...client, ...listed]);
  if (path !== undefined && all.size === 0) throw new UsageError(`${path} names no client`);
  return all.size === 0 ? undefined : all;
}

function clientsIn(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  } catch (error) {
    throw new UsageError(`cannot read --clients-from ${path}: ${messageOf(error)}`);
  }
}

async function changeOf(given: Given, terminal: Terminal) {
  if (!given.anonymise) {
    refuseMasking(given);
    return undefined;
  }
  // Loaded only when used: masking brings a room along.
  const { anonymisation } = await import("./trace/anonymisation.ts");
  return anonymisation(given, terminal);
}
