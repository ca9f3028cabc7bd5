// What the options common to all extractions come to. The command line makes it once (src/cli/extract/trace-plan.ts); the
// sinks read it.
//
// Map of the room:
//
//   nova-event.ts          rows of instance and machine events                         contract between the halves
//   row-sink.ts            RowSink, SourceReport, TraceReport                          contract
//   trace-plan.ts          this file                                                   contract
//   event-time.ts          reading and writing of times and seconds                    contract
//   check-failure.ts       a masking check that forbids the output, exit 8             contract
//   secret-file.ts         key, salt and password files and their modes                contract
//   masking/               methods, keys, pseudonyms, checks, registry names, addresses
//   output/                layouts v0.2 and v0.3, CSV, JSON lines, Parquet, order, partial file, manifest
//   registry-log/          access logs -> native registry trace
//   arrivals/              instance trace -> pulls
//   instances/, machines/  database and dump sources: they fill RowSinks and know nothing of masking
import type { MaskPolicy } from "./masking/mask-policy.ts";

export const traceVersions = ["v0.2", "v0.3"] as const;
export type TraceVersion = (typeof traceVersions)[number];

export const outputFormats = ["csv", "jsonl", "parquet"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** How rows are ordered; `none` keeps the order of `write`. */
export const sortOrders = ["created", "start", "id", "none"] as const;
export type SortOrder = (typeof sortOrders)[number];

export type TimePolicy = {
  /** `relative`: the first event is moved to the Unix epoch. */
  readonly base: "absolute" | "relative";
  readonly shift:
    | { readonly kind: "none" }
    | { readonly kind: "seconds"; readonly seconds: number }
    | { readonly kind: "key" }
    | { readonly kind: "key-weeks" };
  /** Times are truncated to multiples of so many milliseconds; 0 keeps them. */
  readonly roundMs: number;
};

export type TracePlan = {
  /** Final path; `-` writes to `standardOutput`. */
  readonly output: string;
  readonly standardOutput: NodeJS.WritableStream;
  readonly version: TraceVersion;
  readonly format: OutputFormat;
  /** Instances are servers of Ironic, whose sizes are no properties (v0.3 only). */
  readonly bareMetal?: boolean;
  /** Rows of one instance may tell different hosts (--vm-host event). */
  readonly hostOfEvent?: boolean;
  readonly quoting: "minimal" | "original";
  /** Rows arrive in any order and leave in this one. A source that delivers the order itself passes `none`. */
  readonly sort: SortOrder;
  /** Microseconds since the Unix epoch: zero of the `*_SEC` columns. */
  readonly epoch: number;
  readonly masking: MaskPolicy;
  readonly uuidShape: boolean;
  readonly time: TimePolicy;
  /** For sorting and for distinct values together; more goes to disk. */
  readonly memoryBytes: number;
  /** Columns that the leak scan reports but does not refuse. */
  readonly allowLeaks: readonly string[];
  /** Smallest class of a quasi-identifier tuple that is accepted; 0 accepts all. */
  readonly minK: number;
  /** Path of a trace of the other kind, whose hosts are compared with ours. */
  readonly joinWith?: string | undefined;
  /** Path of the uniqueness and leak report. */
  readonly report: string | undefined;
  readonly keepPartial: boolean;
  /** Path of a manifest whose hash the result must have; nothing is written then. */
  readonly verify: string | undefined;
  /** The command line with secrets removed, for the manifest. */
  readonly commandLine: readonly string[];
  readonly toolVersion: string;
  /** Takes notices and warnings, one line each. */
  readonly notice: (line: string) => void;
};
