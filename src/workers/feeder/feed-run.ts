import { UsageError } from "../../core/errors.ts";
import { Kind, Op, operationClassOf } from "../../core/operation.ts";
import { Flag, type OperationFields } from "../../ring/operation-record.ts";
import { RecordedTally } from "../../stats/recorded-tally.ts";
import { ByteMap } from "../../trace/byte-map.ts";
import { openTrace } from "../../trace/open-trace.ts";
import { rangeLength } from "../../trace/range-length.ts";
import type { RecordView } from "../../trace/record-view.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import { readUriMap, type UriMap } from "../../trace/uri-map.ts";
import type { RunFeedPlan } from "../feed-plan.ts";
import type { FeedSummary } from "../messages.ts";
import type { RunOrders } from "../run-orders.ts";
import { LineFile } from "./line-file.ts";
import type { FeederTools } from "./main.ts";
import { opened, reading } from "./reading.ts";
import { writePlanLine, writeSkippedLine } from "./record-lines.ts";
import { type RunListeners, RunSource } from "./run-source.ts";

const UNMAPPED_NAMED_MAX = 20;
/** A second interrupt ends a run at once, by a person's measure: some million records are accounted for in this time. */
const CUT_GRACE_MS = 500;

/** Feeds a run from its trace. Throws UsageError for input that cannot be replayed. */
export async function feedRun(plan: RunFeedPlan, tools: FeederTools): Promise<FeedSummary> {
  const map = await readUriMap(plan.map);
  if (plan.unmapped === "error") await refuseUnmapped(plan, map, tools);
  const movedTags = await readMovedTags(plan, tools);
  const stream = await openTrace({ ...plan.trace, ...reading(tools) });
  tools.tell(opened(stream));
  const files = openFiles(plan);
  const skipped: Record<string, number> = {};
  const recorded = plan.isRecording === true ? new RecordedTally() : undefined;
  const source = new RunSource(
    plan,
    { map, movedTags },
    listenersOf({ ...files, recorded }, skipped, tools),
    plan.dryRun ? undefined : tools.feed,
  );
  const complete = source.run(stream);
  const traceSeconds = stream.delayUs / 1e6;
  stream.close();
  files.plan?.close();
  files.skipped?.close();
  return {
    account: stream.account,
    emitted: source.operations,
    skipped,
    complete,
    traceSeconds,
    objects: {},
    recorded: recorded?.figures(),
  };
}

type Files = { readonly plan: LineFile | undefined; readonly skipped: LineFile | undefined };

const openFiles = ({ planFile, skippedFile }: RunFeedPlan): Files => ({
  plan: planFile === undefined ? undefined : new LineFile(planFile),
  skipped: skippedFile === undefined ? undefined : new LineFile(skippedFile),
});

function listenersOf(
  { recorded, ...files }: Files & { readonly recorded: RecordedTally | undefined },
  skipped: Record<string, number>,
  { tell, orders }: FeederTools,
): RunListeners {
  return {
    skipped(record, seq, reason) {
      skipped[reason] = (skipped[reason] ?? 0) + 1;
      if (files.skipped !== undefined) writeSkippedLine(files.skipped, record, { seq, reason });
    },
    planned(record, fields) {
      if (files.plan !== undefined) writePlanLine(files.plan, record, fields);
      if (recorded !== undefined) tallyRecorded(recorded, record, fields);
    },
    isCut: cutOf(orders),
    due: (second, operations) => tell({ type: "planned", second, operations }),
  };
}

function tallyRecorded(tally: RecordedTally, record: RecordView, fields: OperationFields): void {
  const { op, kind, size, flags } = fields;
  const { status, duration: seconds } = record;
  const isRanged = (flags & Flag.ranged) !== 0;
  const whole = op === Op.HEAD ? 0 : size;
  const bytes = isRanged ? rangeLength(record.range, whole) : whole;
  tally.add(operationClassOf(op, kind), { status, bytes, seconds });
}

/** True some time after the second interrupt. */
function cutOf(orders: RunOrders): () => boolean {
  let since: number | undefined;
  return () => {
    if (!orders.isCut()) return false;
    since ??= performance.now();
    return performance.now() - since > CUT_GRACE_MS;
  };
}

/** Tags that the trace's PUTs move, found by reading the trace once before; none where manifests go by digest. */
async function readMovedTags(plan: RunFeedPlan, tools: FeederTools): Promise<ByteMap> {
  const tags = new ByteMap();
  if (plan.manifests === "blob" || plan.repository === "single" || plan.dryRun) return tags;
  const stream = await openTrace({ ...plan.trace, ...reading(tools) });
  const { view } = stream;
  while (!tools.orders.stopped() && stream.next()) {
    if (view.method === Op.PUT && view.kind === Kind.manifest)
      tags.add(view.buffer, view.uriAt, view.uriEnd);
  }
  stream.close();
  return tags;
}

/** `run.unmapped: error`: the whole trace is read once before the first request. */
async function refuseUnmapped(plan: RunFeedPlan, map: UriMap, tools: FeederTools): Promise<void> {
  const stream = await openTrace({ ...plan.trace, ...reading(tools) });
  const named: string[] = [];
  let missing = 0;
  while (!tools.orders.stopped() && stream.next()) {
    if (!isUnmapped(stream, map)) continue;
    missing++;
    if (named.length < UNMAPPED_NAMED_MAX) named.push(lineOf(stream, stream.view));
  }
  stream.close();
  if (missing === 0) return;
  throw new UsageError([
    `${missing} GETs ask for objects that are not in ${plan.map}: warm up with this trace first, or set run.unmapped to put or skip`,
    ...named,
  ]);
}

function isUnmapped({ view }: TraceStream, map: UriMap): boolean {
  const reads = view.methodName === "GET" && view.nameAt >= 0;
  return reads && map.find(view.buffer, view.uriAt, view.uriEnd) < 0;
}

const lineOf = (stream: TraceStream, view: RecordView): string =>
  `  ${view.uri} (${stream.files[view.file] ?? ""}, row ${view.row})`;
