import { statSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import { Kind } from "../../core/operation.ts";
import type { BrokenRecord, FileAccount, TraceAccount } from "../account.ts";
import { Ledger } from "../ledger.ts";
import type { SynthProfile } from "../synth/profile.ts";
import { traceFiles } from "../trace-files.ts";
import { readTrace } from "../trace-reader.ts";
import type { AgentFacts } from "./agent-facts.ts";
import { type ArrivalFacts, arrivalFacts, type RateFacts, rateFacts } from "./arrival-facts.ts";
import { type ArrivalFindings, ArrivalPass } from "./arrival-pass.ts";
import type { CorrelationFacts } from "./correlation.ts";
import type { DurationFacts } from "./duration-facts.ts";
import { type FileFacts, type ShardHoles, shardHoles } from "./file-facts.ts";
import { measuredProfile } from "./measured-profile.ts";
import type { DistinctFacts, PopularityFacts } from "./object-counts.ts";
import { RecordGathering } from "./record-gathering.ts";
import { Method } from "./record-judge.ts";
import type { RequestFacts } from "./request-counts.ts";
import type { RequestOrder } from "./request-order.ts";
import { type Quantiles, quantilesOf, type SizeFacts } from "./size-facts.ts";
import { type WarmupEstimate, warmupEstimate } from "./warmup-estimate.ts";

/** Room for sorting requests, twice, and half as much for ids and for clients with blobs. */
const MEMORY_BYTES: number = 16 << 20;

export type DescribeOptions = {
  readonly traces: readonly string[];
  /** The first broken record is a UsageError. */
  readonly strict?: boolean | undefined;
  /** Receives every broken record, one JSON object per line. */
  readonly errorsFile?: string | undefined;
  /** Where requests are sorted when they exceed `memoryBytes`; the system's temporary directory if absent. */
  readonly tmpDir?: string | undefined;
  readonly memoryBytes?: number | undefined;
  /** Bytes of the smallest manifest that a warm-up can push. */
  readonly manifestFloor: number;
  readonly onProgress?: ((progress: { bytes: number; bytesTotal: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Counts of what became of the records; read = kept + folded + filtered + broken. */
type AccountFacts = Omit<TraceAccount, "files" | "duplicates" | "spilled"> & {
  readonly duplicateIds: number;
  /** Records by each key that means nothing to drayage. */
  readonly extraKeys: Readonly<Record<string, number>>;
};

/** The twelve parts of a description: plain data. Parts about time are `null` where no record has one. */
export type TraceDescription = {
  readonly files: readonly FileFacts[];
  readonly holes: readonly ShardHoles[];
  readonly account: AccountFacts;
  readonly requests: RequestFacts;
  readonly distinct: DistinctFacts;
  readonly sizes: readonly SizeFacts[];
  readonly durations: readonly DurationFacts[];
  /** Bytes per second of blob transfers from 1 MB. */
  readonly throughput: Quantiles;
  readonly arrivals: ArrivalFacts | null;
  readonly rate: RateFacts | null;
  readonly popularity: PopularityFacts;
  readonly correlation: CorrelationFacts | null;
  readonly warmup: WarmupEstimate;
  readonly agents: AgentFacts;
};

/** Curves for a page: ascending [value, share of the values up to it]. Bytes, and seconds. */
export type TraceCurves = {
  readonly blobSizes: readonly (readonly [number, number])[];
  readonly manifestSizes: readonly (readonly [number, number])[];
  readonly gapsByStart: readonly (readonly [number, number])[];
  readonly gapsByTimestamp: readonly (readonly [number, number])[];
};

export type DescribedTrace = {
  readonly description: TraceDescription;
  readonly curves: TraceCurves;
  /** Figures for `trace synth --profile`; what the trace does not show is left out. */
  readonly profile: Partial<SynthProfile>;
};

/**
 * Reads traces once and describes them. Memory grows with distinct objects, not with records, which are sorted through
 * files in `tmpDir`. Throws as `openTrace` does, and UsageError if no record is sound. Source: trace-replay.md 8.
 */
export async function describeTrace(options: DescribeOptions): Promise<DescribedTrace> {
  const files = traceFiles({ location: undefined, traces: options.traces });
  const { strict = false, errorsFile } = options;
  const ledger = new Ledger({ strict, errorsFile, files });
  const { memoryBytes = MEMORY_BYTES, tmpDir, signal } = options;
  const gathering = new RecordGathering(ledger, { memoryBytes, tmpDir, signal });
  try {
    await readAll(files, { options, ledger, gathering });
    ledger.close();
    if (gathering.requests.records === 0) throw nothingSound(ledger.account);
    return await describe({ options, ledger, gathering });
  } finally {
    ledger.close();
    gathering.close();
  }
}

type Reading = {
  readonly options: DescribeOptions;
  readonly ledger: Ledger;
  readonly gathering: RecordGathering;
};

async function readAll(
  files: readonly string[],
  { options, ledger, gathering }: Reading,
): Promise<void> {
  const sizes = files.map((file) => statSync(file).size);
  const bytesTotal = sizes.reduce((sum, size) => sum + size, 0);
  let bytesDone = 0;
  for (const [index, path] of files.entries()) {
    await readTrace(path, {
      sink: gathering,
      allowUriList: true,
      signal: options.signal,
      onFile: (file: FileAccount) => {
        ledger.startFile(file);
        gathering.startFile(file);
      },
      onChunk: (read) => options.onProgress?.({ bytes: bytesDone + read, bytesTotal }),
    });
    bytesDone += sizes[index] ?? 0;
  }
  gathering.spans.endFile();
}

function nothingSound({ read, broken }: TraceAccount): UsageError {
  const reasons = Object.entries(broken).map(([reason, count]) => `broken:${reason} ${count}`);
  return new UsageError(`no sound record: ${[`read ${read}`, ...reasons].join(", ")}`);
}

async function describe({ gathering, ledger, options }: Reading): Promise<DescribedTrace> {
  const { objects, requests, sizes, durations } = gathering;
  const duplicateIds = gathering.ids.added - (await gathering.ids.distinct());
  const refetches = gathering.clientBlobs.added - (await gathering.clientBlobs.distinct());
  const overheadUs = durations.small.total === 0 ? 0 : durations.small.quantile(0.5);
  const byTimestamp = await passOver(gathering.byTimestamp, overheadUs);
  const byStart = await passOver(gathering.byStart, overheadUs);
  const arrivals = gathering.timed ? arrivalFacts(byTimestamp, byStart) : null;
  const arrival = arrivals?.recommended ?? "timestamp";
  const findings = arrival === "start" ? byStart : byTimestamp;
  const distinct = objects.distinct();
  const files = gathering.spans.facts();
  const extraKeys = gathering.extraKeys.counts(files);
  const description: TraceDescription = {
    files,
    holes: shardHoles(files.map(({ file }) => file)),
    account: accountFacts(ledger.account, { duplicateIds, extraKeys }),
    requests: requests.facts(),
    distinct,
    sizes: sizes.facts(),
    durations: durations.facts(),
    throughput: quantilesOf(durations.throughput),
    arrivals,
    rate: gathering.timed
      ? rateFacts(findings, { arrival, busiest: distinct.top.clients[0] })
      : null,
    popularity: objects.popularity({ clientBlobGets: gathering.clientBlobs.added, refetches }),
    correlation: gathering.timed ? findings.correlation : null,
    warmup: warmupEstimate(objects, options.manifestFloor),
    agents: gathering.agents.facts(),
  };
  return {
    description,
    curves: curvesOf(gathering, { byTimestamp, byStart }),
    profile: measuredProfile({ gathering, description, findings }),
  };
}

async function passOver(order: RequestOrder, overheadUs: number): Promise<ArrivalFindings> {
  const pass = new ArrivalPass(overheadUs);
  await order.each((request) => pass.take(request));
  return pass.findings();
}

function accountFacts(
  account: TraceAccount,
  besides: Pick<AccountFacts, "duplicateIds" | "extraKeys">,
): AccountFacts {
  const { read, kept, folded, filtered, broken, defaulted } = account;
  const brokenSamples: BrokenRecord[] = account.brokenSamples;
  return { read, kept, folded, filtered, broken, brokenSamples, defaulted, ...besides };
}

function curvesOf(
  { sizes }: RecordGathering,
  { byTimestamp, byStart }: { byTimestamp: ArrivalFindings; byStart: ArrivalFindings },
): TraceCurves {
  const inSeconds = ({ gaps }: ArrivalFindings): [number, number][] =>
    gaps.steps().map(([us, share]) => [us / 1e6, share]);
  return {
    blobSizes: sizes.of(Method.get, Kind.blob)?.steps() ?? [],
    manifestSizes: sizes.of(Method.get, Kind.manifest)?.steps() ?? [],
    gapsByStart: inSeconds(byStart),
    gapsByTimestamp: inSeconds(byTimestamp),
  };
}
