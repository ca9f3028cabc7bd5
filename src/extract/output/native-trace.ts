// A registry trace in the native format, from requests in any order: sorted by arrival, moved in time, checked, and under
// its name only when complete. Times are known for good only when the earliest arrival is, so a request waits in the
// sorter as JSON without them.
import { setImmediate as turn } from "node:timers/promises";
import { invariant, UsageError } from "../../core/errors.ts";
import { nativeLine } from "../../trace/native-record.ts";
import type { DistinctValues } from "../masking/distinct-values.ts";
import type { ScannedColumn } from "../masking/leak-scan.ts";
import type { MaskPolicy } from "../masking/mask-policy.ts";
import { TagTable } from "../masking/tag-table.ts";
import { shiftUs } from "../masking/time-shift.ts";
import { ValueTag } from "../masking/value-tag.ts";
import { after, type LogTime } from "../registry-log/log-entry.ts";
import type { SourceReport, TraceReport } from "../row-sink.ts";
import type { TimePolicy } from "../trace-plan.ts";
import { type DeliveryPlan, deliver, requirePlaces } from "./delivery.ts";
import { LineSorter } from "./line-sorter.ts";
import { type FieldFate, manifestOf } from "./manifest.ts";
import { NativeFiles } from "./native-files.ts";
import { checkCollisions, checkOutput } from "./output-checks.ts";
import { jsonFields, linesOf } from "./written-rows.ts";

export type NativePlan = DeliveryPlan & {
  readonly encoding: "json" | "jsonl";
  /** A file for every so many hours, which divide a day, instead of one. */
  readonly shardHours: number | undefined;
  /** Whether records have the keys `drayage.*` besides those of the published traces. */
  readonly extraKeys: boolean;
  readonly masking: MaskPolicy;
  readonly time: TimePolicy;
  readonly memoryBytes: number;
  readonly allowLeaks: readonly string[];
  readonly minK: number;
  readonly report: string | undefined;
  readonly keepPartial: boolean;
  readonly commandLine: readonly string[];
  readonly toolVersion: string;
  readonly fields: readonly FieldFate[];
  readonly scanned: readonly ScannedColumn[];
  /** What a user agent is written as, asked when all requests are known. */
  readonly shownAgent: (agent: string) => string;
};

/** A request as it will be written, its texts masked. */
export type NativeRequest = {
  readonly arrival: LogTime;
  readonly durationNs: number;
  readonly host: string | null;
  readonly method: string;
  readonly client: string | null;
  readonly uri: string;
  readonly agent: string | null;
  readonly status: number;
  /** Bytes of the object; `null` where the source does not know. */
  readonly written: number | null;
  readonly id: string | null;
  /** Pseudonym of a digest that has only one size, to learn unknown sizes from. */
  readonly digest: string | null;
  /** Whether `written` is the whole size of that digest. */
  readonly isWholeSize: boolean;
  readonly extra: Readonly<Record<string, string | number>>;
};

const ROWS_PER_TURN = 1 << 14;
const MS_PER_US = 1e-3;
/** Of known sizes, two tables at the moment of growth. */
const SIZE_TABLE_BYTES = 48;
const TWO_POW_32 = 2 ** 32;

type Waiting = Omit<NativeRequest, "arrival" | "isWholeSize">;

export class NativeTrace {
  readonly distinct: DistinctValues;
  readonly #plan: NativePlan;
  readonly #files: NativeFiles;
  readonly #sorter: LineSorter;
  readonly #shift: number;
  readonly #tag = new ValueTag();
  readonly #sizes = new TagTable();
  #rows = 0;
  #unsized = 0;
  #first: LogTime | undefined;
  #last: LogTime | undefined;
  #isEnded = false;

  constructor(plan: NativePlan, distinct: DistinctValues) {
    refuseUnknownColumns(plan);
    this.#plan = plan;
    this.distinct = distinct;
    this.#shift = shiftUs(plan.time.shift, plan.masking);
    this.#sorter = new LineSorter(plan.memoryBytes / 2);
    const { shardHours, encoding, verify } = plan;
    requirePlaces(plan);
    // Last of what may fail: nobody would remove it.
    this.#files = new NativeFiles(plan.output, {
      isArray: encoding === "json",
      shardHours,
      keeps: verify === undefined,
    });
  }

  /** Rows so far; of those that were written without a size, once finished, `unsized`. */
  get rows(): number {
    return this.#rows;
  }
  get unsized(): number {
    return this.#unsized;
  }

  add({ arrival, isWholeSize, ...waiting }: NativeRequest): void {
    if (isWholeSize && waiting.digest !== null && waiting.written !== null)
      this.#noteSize(waiting.digest, waiting.written);
    this.#sorter.add(JSON.stringify(waiting), [arrival.us, arrival.ns, this.#rows]);
    this.#rows++;
  }

  async finish(source: SourceReport): Promise<TraceReport> {
    invariant(!this.#isEnded, "a trace is finished once");
    checkCollisions(this.distinct);
    await this.#writeAll();
    const facts = this.#files.complete();
    const { plan, keys } = { plan: this.#plan, keys: this.#plan.scanned.map(({ name }) => name) };
    const checks = await checkOutput(() => this.#readBack(keys), {
      plan: {
        columns: plan.scanned,
        quasiIdentifiers: [
          {
            name: "client + user agent",
            columns: ["http.request.remoteaddr", "http.request.useragent"],
          },
        ],
        allowLeaks: plan.allowLeaks,
        minK: plan.minK,
        report: plan.report,
        scans: plan.masking.method !== "none",
        memoryBytes: plan.memoryBytes,
      },
      rowCount: this.#rows,
      distinct: this.distinct,
    });
    const warnings = this.#warnings();
    const manifest = this.#manifest(source, warnings);
    await deliver(this.#files, { plan, manifest, facts, checks });
    this.#end();
    const { sha256, bytes, files } = facts;
    const path = files === undefined ? plan.output : `${plan.output}-logstash-* (${files.length})`;
    return { path, rows: this.#rows, bytes, sha256, warnings };
  }

  /** Removes what was written. Idempotent. */
  abort(): void {
    if (this.#isEnded) return;
    this.#end();
    if (this.#plan.keepPartial) this.#files.keep();
    else this.#files.discard();
  }

  #end(): void {
    this.#isEnded = true;
    this.#sorter.close();
    this.distinct.close();
  }

  /** Beyond its share of the memory no more sizes are learnt; objects seen until then keep theirs. */
  #noteSize(digest: string, size: number): void {
    if (this.#sizes.count * SIZE_TABLE_BYTES > this.#plan.memoryBytes / 8) return;
    const { high, low } = this.#tag.of(digest, 0);
    const isKnown = this.#sizes.has(high, low);
    const at = this.#sizes.claim(high, low);
    // An answer that broke off has a status of success too, and fewer bytes.
    if (isKnown && this.#sizeAt(at) >= size) return;
    this.#sizes.store(at, Math.floor(size / TWO_POW_32) + 1, size % TWO_POW_32);
  }

  #knownSize(digest: string): number | undefined {
    const { high, low } = this.#tag.of(digest, 0);
    if (!this.#sizes.has(high, low)) return undefined;
    return this.#sizeAt(this.#sizes.claim(high, low));
  }

  #sizeAt(at: number): number {
    return (this.#sizes.first(at) - 1) * TWO_POW_32 + this.#sizes.second(at);
  }

  async #writeAll(): Promise<void> {
    let rows = 0;
    for (const { key, bytes, from, to } of this.#sorter.lines()) {
      const waiting: Waiting = JSON.parse(bytes.toString("utf8", from, to));
      const line = this.#line({ us: key[0], ns: key[1] }, waiting);
      this.#files.add(line, this.#last?.us ?? 0);
      // Signals are heard between turns of the event loop only.
      if (++rows % ROWS_PER_TURN === 0) await turn();
    }
  }

  #line(arrival: LogTime, waiting: Waiting): string {
    this.#first ??= arrival;
    const { time, shownAgent } = this.#plan;
    const moved = this.#moved(arrival, this.#first);
    const end = after(moved, waiting.durationNs);
    this.#last = moved;
    const learnt =
      waiting.written === null && waiting.digest !== null
        ? this.#knownSize(waiting.digest)
        : undefined;
    const written = waiting.written ?? learnt ?? null;
    if (written === null) this.#unsized++;
    const line = nativeLine({
      host: waiting.host,
      duration: waiting.durationNs / 1e9,
      method: waiting.method,
      client: waiting.client,
      uri: waiting.uri,
      userAgent: waiting.agent === null ? null : shownAgent(waiting.agent),
      status: waiting.status,
      written,
      id: waiting.id,
      end: Math.floor(end.us * MS_PER_US),
    });
    if (!this.#plan.extraKeys) return line;
    const exact = time.roundMs === 0 ? { "drayage.arrival_ns": nanosText(moved) } : {};
    const source = learnt === undefined ? {} : { "drayage.size_source": "same-digest" };
    const extra = JSON.stringify({ ...exact, ...waiting.extra, ...source });
    return extra === "{}" ? line : `${line.slice(0, -1)},${extra.slice(1)}`;
  }

  #moved({ us, ns }: LogTime, first: LogTime): LogTime {
    const { base, roundMs } = this.#plan.time;
    const offset = base === "relative" ? first.us : 0;
    const whole = us - offset + this.#shift;
    if (roundMs > 0) return { us: Math.floor(whole / (roundMs * 1000)) * roundMs * 1000, ns: 0 };
    if (base === "absolute") return { us: whole, ns };
    const rest = ns - first.ns;
    return rest < 0 ? { us: whole - 1, ns: rest + 1000 } : { us: whole, ns: rest };
  }

  *#readBack(keys: readonly string[]): Generator<readonly string[]> {
    for (const line of linesOf(this.#files.pieces())) {
      if (!line.startsWith("{")) continue;
      yield jsonFields(line.endsWith(",") ? line.slice(0, -1) : line, keys);
    }
  }

  #warnings(): readonly string[] {
    if (this.#unsized === 0) return [];
    const requests = this.#unsized === 1 ? "1 request has" : `${this.#unsized} requests have`;
    return [
      `${requests} no size: the source does not know it (--notifications FILE gives the sizes of pushes)`,
    ];
  }

  #manifest(source: SourceReport, warnings: readonly string[]): Readonly<Record<string, unknown>> {
    const { plan } = { plan: this.#plan };
    const [first, last] = [this.#first, this.#last];
    const from = first === undefined ? undefined : this.#moved(first, first).us;
    return manifestOf({
      format: { name: "registry-requests", version: "1", encoding: plan.encoding },
      toolVersion: plan.toolVersion,
      commandLine: plan.commandLine,
      source,
      period: from === undefined || last === undefined ? undefined : [from, last.us],
      epoch: undefined,
      rowsWritten: this.#rows,
      fields: plan.fields,
      masking: plan.masking,
      time: plan.time,
      warnings,
    });
  }
}

const nanosText = ({ us, ns }: LogTime): string => String(BigInt(us) * 1000n + BigInt(ns));

function refuseUnknownColumns({ allowLeaks, scanned }: NativePlan): void {
  const unknown = allowLeaks.find((name) => !scanned.some((column) => column.name === name));
  if (unknown !== undefined)
    throw new UsageError(
      `--allow-leaks ${unknown} is no key of a record: choose from ${scanned.map(({ name }) => name).join(", ")}`,
    );
}
