// Takes every record of a trace in the order of reading and deals it to what is counted. Budget 3 µs a record, allocates
// nothing for a sound one. Guarded by perf/trace-info.bench.ts.
import { Kind } from "../../core/operation.ts";
import type { FileAccount } from "../account.ts";
import { IncludeFilter } from "../include-filter.ts";
import type { Ledger } from "../ledger.ts";
import { Field, type Place, type RawRecord, type RecordSink } from "../raw-record.ts";
import { defaultInclude } from "../trace-options.ts";
import { Agents } from "./agent-facts.ts";
import { Durations } from "./duration-facts.ts";
import { DistinctKeys, type OrderOptions } from "./external-order.ts";
import { ExtraKeys } from "./extra-keys.ts";
import { FileSpans } from "./file-facts.ts";
import { ObjectCounts } from "./object-counts.ts";
import { Method, RecordJudge, replayedMethod, TextSpan } from "./record-judge.ts";
import { RequestCounts } from "./request-counts.ts";
import { emptyRequest, NOBODY, RequestOrder } from "./request-order.ts";
import { Sizes } from "./size-facts.ts";

/** A client and a blob as one whole number below 2^53. */
const BLOBS_MAX = 2 ** 27;

export class RecordGathering implements RecordSink {
  readonly #ledger: Ledger;
  readonly #judge: RecordJudge;
  readonly #include = new IncludeFilter(defaultInclude);
  readonly #host = new TextSpan();
  readonly #client = new TextSpan();
  readonly #agent = new TextSpan();
  readonly #id = new TextSpan();
  readonly #request = emptyRequest();
  readonly spans = new FileSpans();
  readonly requests = new RequestCounts();
  readonly objects = new ObjectCounts();
  readonly sizes = new Sizes();
  readonly durations = new Durations();
  readonly agents = new Agents();
  readonly extraKeys = new ExtraKeys();
  readonly ids: DistinctKeys;
  readonly clientBlobs: DistinctKeys;
  readonly byTimestamp: RequestOrder;
  readonly byStart: RequestOrder;
  /** Whether any record has a time. */
  timed = false;
  #bare = false;

  constructor(ledger: Ledger, options: OrderOptions) {
    this.#ledger = ledger;
    this.#judge = new RecordJudge(ledger);
    const small = { ...options, memoryBytes: options.memoryBytes / 2 };
    this.ids = new DistinctKeys(small);
    this.clientBlobs = new DistinctKeys(small);
    this.byTimestamp = new RequestOrder("timestamp", options);
    this.byStart = new RequestOrder("start", options);
  }

  startFile(file: FileAccount): void {
    this.#bare = file.format === "uri-list";
    this.spans.startFile(file);
  }

  broken(reason: string, place: Place, message: string): void {
    this.#ledger.broken(reason, place, message);
  }

  take(raw: RawRecord): void {
    const record = this.#judge;
    if (!record.read(raw, this.#bare)) return;
    const kept = this.#filter();
    this.requests.add(record);
    this.#host.read(raw, Field.host);
    this.#client.read(raw, Field.client);
    this.#agent.read(raw, Field.agent);
    const isNew = this.objects.add(
      record,
      { host: this.#host, client: this.#client },
      { kept, hasAgent: this.#agent.from !== -1 },
    );
    if (this.#bare) return;
    this.timed = true;
    this.extraKeys.note(raw);
    this.spans.note(record.timeUs);
    this.sizes.add(record, isNew);
    this.durations.add(record);
    this.agents.add(this.#agent);
    this.#id.read(raw, Field.id);
    if (this.#id.from !== -1) this.ids.add(idNumber(this.#id));
    this.#order(kept);
  }

  close(): void {
    for (const part of [this.ids, this.clientBlobs, this.byTimestamp, this.byStart]) part.close();
  }

  /** Accounts for the record as a replay with the default filters would. Returns whether that keeps it. */
  #filter(): boolean {
    const { account } = this.#ledger;
    const { method, kind, size } = this.#judge;
    if (method === Method.post || method === Method.patch) {
      account.folded++;
      return false;
    }
    const excluded = this.#include.reason(replayedMethod(method), kind, this.#bare ? 1 : size);
    if (excluded === null) account.kept++;
    else this.#ledger.filtered(excluded);
    return excluded === null;
  }

  #order(kept: boolean): void {
    const { method, kind, size, durationUs, timeUs } = this.#judge;
    const { client, name, blob } = this.objects.last;
    const request = this.#request;
    request.arrivalUs = timeUs;
    request.durationUs = durationUs;
    request.client = client === -1 ? NOBODY : client;
    request.name = name === -1 ? NOBODY : name;
    request.method = method;
    request.kind = kind;
    request.size = size;
    request.kept = kept;
    this.byTimestamp.add(request);
    this.byStart.add(request);
    if (method === Method.get && kind === Kind.blob && client !== -1 && blob !== -1)
      this.clientBlobs.add(client * BLOBS_MAX + blob);
  }
}

const HEX_DIGITS_MAX = 12;
const TWO_48 = 2 ** 48;
const TWO_52 = 2 ** 52;

/** Hexadecimal ids as what they are; others as a hash of 52 bits, above all of those. */
function idNumber({ buffer, from, to }: TextSpan): number {
  if (to - from > HEX_DIGITS_MAX) return hashNumber(buffer, from, to);
  let number = 0;
  for (let at = from; at < to; at++) {
    const byte = buffer[at] as number;
    const digit = byte <= 57 ? byte - 48 : byte - 87;
    if (digit < 0 || digit > 15 || (byte > 57 && digit < 10)) return hashNumber(buffer, from, to);
    number = number * 16 + digit;
  }
  // Leading zeros count.
  return (to - from) * TWO_48 + number;
}

function hashNumber(buffer: Buffer, from: number, to: number): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let at = from; at < to; at++) {
    const byte = buffer[at] as number;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte ^ (high >>> 15), 0x85ebca6b);
  }
  return TWO_52 + ((high >>> 12) * 2 ** 32 + (low >>> 0));
}
