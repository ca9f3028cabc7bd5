// Turns the kept records of a trace into operations of a run: decides what each becomes, by whom and when it is sent, and
// feeds it. The loop runs once per record; budget 1.2 us, no allocation for GETs. Guarded by perf/end-to-end-loopback.
//
//   record | in map  | operation
//   GET    | digest  | GET
//   GET    | bad     | skipped: warmup_failed
//   GET    | absent  | run.unmapped: PUT, skipped: unmapped, or an error before the first request
//   PUT    | any     | PUT with content of its own
//   HEAD   | digest  | HEAD          absent: HEAD of a digest that nobody has, answered with 404
//   ping   | -       | GET /v2/
//
// Source: trace-replay.md 5.1.
import { createHash } from "node:crypto";
import { Kind, Op } from "../../core/operation.ts";
import { contentDigest } from "../../registry/content.ts";
import {
  DIGEST_BYTES,
  Flag,
  type OperationFields,
  operationFields,
} from "../../ring/operation-record.ts";
import type { ByteMap } from "../../trace/byte-map.ts";
import { emptyBlock, type RecordView } from "../../trace/record-view.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import type { UriMap } from "../../trace/uri-map.ts";
import type { RunFeedPlan } from "../feed-plan.ts";
import { manifestOfRecord } from "./manifest-body.ts";
import { type OperationBytes, type OperationFeed, operationBytes } from "./operation-feed.ts";
import { PlannedSeconds } from "./planned-seconds.ts";
import { RECORDS_MAX, RecordBatch } from "./record-batch.ts";
import { isDigestReference, type RecordRefusal, recordRefusal } from "./record-refusal.ts";
import { RowFragment } from "./row-fragment.ts";
import { type Span, spanOf } from "./span.ts";
import { Spread } from "./spread.ts";
import { TargetWriter } from "./target-writer.ts";

const SINGLE_REPOSITORY = "test_repo";

export type SkipReason = "warmup_failed" | "unmapped" | "interrupted" | RecordRefusal;

/** What the source tells as it goes. */
export type RunListeners = {
  skipped(record: RecordView, seq: number, reason: SkipReason): void;
  planned(record: RecordView, fields: OperationFields): void;
  due(second: number, operations: number): void;
  /** Whether not even the rest of the trace is to be accounted for. */
  isCut(): boolean;
};

export type RunObjects = {
  readonly map: UriMap;
  /** URIs of manifests that the trace puts: their tags lead to several manifests in the course of the run. */
  readonly movedTags: ByteMap;
};

export class RunSource {
  readonly #plan: RunFeedPlan;
  readonly #map: UriMap;
  readonly #movedTags: ByteMap;
  readonly #listeners: RunListeners;
  readonly #feed: OperationFeed | undefined;
  readonly #spread: Spread;
  readonly #targets: TargetWriter;
  readonly #row = new RowFragment();
  readonly #entries = new Int32Array(RECORDS_MAX);
  readonly #seconds: PlannedSeconds;
  readonly #single: Span;
  readonly #name: Span = { block: emptyBlock, from: 0, to: 0 };
  readonly #ref: Span = { block: emptyBlock, from: 0, to: 0 };
  readonly #digest = Buffer.alloc(DIGEST_BYTES);
  readonly #blob: { readonly digest: Buffer; readonly constant: boolean };
  readonly #fields: OperationFields;
  readonly #bytes: OperationBytes;
  operations = 0;

  /** Without a feed nothing is sent and no digest of a PUT is made: a dry run. */
  constructor(
    plan: RunFeedPlan,
    { map, movedTags }: RunObjects,
    listeners: RunListeners,
    feed: OperationFeed | undefined,
  ) {
    this.#plan = plan;
    this.#map = map;
    this.#movedTags = movedTags;
    this.#listeners = listeners;
    this.#feed = feed;
    this.#spread = new Spread(plan);
    this.#targets = new TargetWriter(plan.endpoints);
    this.#seconds = new PlannedSeconds((second, operations) => listeners.due(second, operations));
    this.#single = spanOf(SINGLE_REPOSITORY);
    this.#blob = { digest: this.#digest, constant: plan.repository === "single" };
    this.#fields = operationFields();
    this.#bytes = operationBytes();
  }

  /** Feeds everything. False when the run was told to stop on the way. */
  run(stream: TraceStream): boolean {
    const batch = new RecordBatch(stream);
    while (this.#refill(batch)) {
      for (let place = 0; place < batch.count; place++) {
        batch.show(place);
        if (this.#feedRecord(batch)) continue;
        this.#skipRest(batch, place);
        return false;
      }
    }
    this.#seconds.end();
    return true;
  }

  /** Takes the next records and looks up all their URIs. */
  #refill(batch: RecordBatch): boolean {
    const more = batch.refill();
    this.#map.findAll(batch, this.#entries);
    return more;
  }

  /** False when the run was told to stop: the record was not fed. */
  #feedRecord(batch: RecordBatch): boolean {
    const { view, seq, delayUs } = batch;
    const skip = this.#decide(batch);
    if (skip !== undefined) {
      this.#listeners.skipped(view, seq, skip);
      return true;
    }
    if (!this.#place(view, delayUs)) return true;
    if (this.#feed !== undefined && !this.#emit(view)) return false;
    this.operations++;
    this.#listeners.planned(view, this.#fields);
    return true;
  }

  /** Every kept record stands in one of two files, results or skipped, also those that the interrupt came before. */
  #skipRest(batch: RecordBatch, from: number): void {
    let place = from;
    do {
      for (; place < batch.count; place++) {
        if (place > from && this.#listeners.isCut()) return;
        batch.show(place);
        const reason = this.#decide(batch) ?? "interrupted";
        this.#listeners.skipped(batch.view, batch.seq, reason);
      }
      place = 0;
    } while (!this.#listeners.isCut() && this.#refill(batch));
  }

  /** Chooses the operation and its object. Returns why the record is skipped, if it is. */
  #decide({ view: record, seq, shown }: RecordBatch): SkipReason | undefined {
    const fields = this.#fields;
    fields.seq = seq;
    fields.kind = record.kind;
    fields.flags = 0;
    fields.size = Math.max(0, record.size);
    fields.traced = record.duration;
    this.#bytes.keyBytes = 0;
    this.#bytes.bodyBytes = 0;
    const refusal = recordRefusal(record, this.#plan);
    if (refusal !== undefined) return refusal;
    if (record.kind === Kind.ping) return this.#be(Op.PING);
    if (record.method === Op.PUT) return this.#be(Op.PUT);
    const entry = this.#entries[shown] as number;
    if (record.method === Op.HEAD) return this.#decideHead(record, entry);
    if (entry < 0) return this.#plan.unmapped === "put" ? this.#be(Op.PUT) : "unmapped";
    if (this.#map.isBad(entry)) return "warmup_failed";
    this.#takeDigest(entry);
    if (record.rangeBytes > 0) fields.flags |= Flag.ranged;
    else if (this.#plan.verify) fields.flags |= Flag.verify;
    return this.#be(Op.GET);
  }

  #decideHead(record: RecordView, entry: number): undefined {
    if (entry >= 0 && !this.#map.isBad(entry)) {
      this.#takeDigest(entry);
    } else {
      const missing = createHash("sha256").update("drayage: there is no such object\0");
      missing.update(record.buffer.subarray(record.uriAt, record.uriEnd));
      missing.digest().copy(this.#digest);
      this.#fields.flags |= Flag.expectMissing;
    }
    return this.#be(Op.HEAD);
  }

  #be(op: number): undefined {
    this.#fields.op = op;
    return undefined;
  }

  #takeDigest(entry: number): void {
    this.#map.copyDigest(entry, this.#digest);
  }

  get #manifests(): boolean {
    return this.#plan.manifests === "manifest";
  }

  /** When, by whom, to which registry. False when it belongs to another node than the one that is fed. */
  #place(record: RecordView, delayUs: number): boolean {
    const { wait, speed, share } = this.#plan;
    const fields = this.#fields;
    fields.due = wait ? (delayUs * 1000) / speed : Number.NaN;
    this.#spread.assign(record, delayUs, fields);
    if (share !== undefined && fields.node !== share) return false;
    if (wait) this.#seconds.count(fields.due);
    return true;
  }

  #emit(record: RecordView): boolean {
    const fields = this.#fields;
    if (fields.op === Op.PUT) this.#preparePut(record);
    else this.#prepareRead(record);
    this.#row.write(record, fields.op);
    const bytes = this.#bytes;
    bytes.digest = this.#digest;
    bytes.target = this.#targets.bytes;
    bytes.targetBytes = this.#targets.length;
    bytes.row = this.#row.bytes;
    bytes.rowBytes = this.#row.length;
    return (this.#feed as OperationFeed).emit(this.#spread.thread, fields, bytes);
  }

  #prepareRead(record: RecordView): void {
    const { op, registry, kind } = this.#fields;
    if (op === Op.PING) this.#targets.ping(registry);
    else if (kind === Kind.manifest && this.#manifests)
      this.#targets.manifest(
        registry,
        op === Op.HEAD,
        this.#repository(record),
        this.#readReference(record),
      );
    else this.#targets.blob(registry, op === Op.HEAD, this.#repository(record), this.#blob);
    if ((this.#fields.flags & Flag.ranged) !== 0) this.#targets.range(record);
  }

  /** The digest goes into the requests, so it is made here, ahead of the due time, and not when the body is sent. */
  #preparePut(record: RecordView): void {
    const fields = this.#fields;
    const bytes = this.#bytes;
    const { seed, random, runId } = this.#plan;
    const key = `${record.uri}#${runId}#${fields.seq}`;
    if (record.kind === Kind.manifest && this.#manifests) {
      const { bytes: body, digest } = manifestOfRecord({
        seed,
        key,
        size: fields.size,
        layers: [],
      });
      digest.copy(this.#digest);
      bytes.body = body;
      bytes.bodyBytes = body.length;
      fields.size = body.length;
      fields.flags |= Flag.bodyInRecord;
      this.#targets.manifestPath(
        fields.registry,
        this.#repository(record),
        this.#reference(record),
      );
      return;
    }
    contentDigest({ seed, key, size: fields.size, random }).copy(this.#digest);
    bytes.key = Buffer.from(key);
    bytes.keyBytes = bytes.key.length;
    this.#targets.repositoryPath(fields.registry, this.#repository(record));
  }

  #repository(record: RecordView): Span {
    if (this.#plan.repository === "single") return this.#single;
    this.#name.block = record.block;
    this.#name.from = record.nameAt;
    this.#name.to = record.nameEnd;
    return this.#name;
  }

  /** A tag that a PUT of the trace moves away leads to the manifest of the warm-up no more; its digest does. */
  #readReference(record: RecordView): Span {
    const { buffer, uriAt, uriEnd } = record;
    const missing = (this.#fields.flags & Flag.expectMissing) !== 0;
    const moved = this.#movedTags.find(buffer, uriAt, uriEnd) >= 0;
    return missing || moved ? this.#digestReference() : this.#reference(record);
  }

  #digestReference(): Span {
    return spanOf(`sha256:${this.#digest.toString("hex")}`);
  }

  /**
   * With one repository for all, references of different names would collide: there, manifests go by digest. So do those
   * that the trace names by a digest, which is not that of our content.
   */
  #reference(record: RecordView): Span {
    const { buffer, refAt, refEnd } = record;
    if (this.#plan.repository === "single" || isDigestReference(buffer, refAt, refEnd))
      return this.#digestReference();
    this.#ref.block = record.block;
    this.#ref.from = record.refAt;
    this.#ref.to = record.refEnd;
    return this.#ref;
  }
}
