// Walks over all requests in order of arrival, under one of the two interpretations of `timestamp`. Runs per record;
// budget 300 ns. Guarded by perf/trace-info.bench.ts.
import { Kind } from "../../core/operation.ts";
import { Column } from "./column.ts";
import { Correlation, type CorrelationFacts } from "./correlation.ts";
import { Method } from "./record-judge.ts";
import { NOBODY, type TimedRequest } from "./request-order.ts";
import { FINE_BITS, Sketch } from "./sketch.ts";
import { UnderWay } from "./under-way.ts";

const MINUTE_US = 60e6;
const NEAR_US = 50_000;
/** Blobs whose transfer takes most of the time. */
const LARGE_BYTES = 10e6;

/** `start`: seconds since the Unix epoch. `concurrency`: most kept requests under way at an arrival in it. */
export type RateBin = {
  readonly start: number;
  records: number;
  kept: number;
  concurrency: number;
};

/** What one interpretation makes of the requests. Sketches of gaps are in microseconds. */
export type ArrivalFindings = {
  /** Between kept requests, and between GETs of blobs. */
  readonly gaps: Sketch;
  readonly blobGaps: Sketch;
  /** Kept requests of known clients, and those with a neighbour of the same client within 50 ms. */
  readonly ofClients: number;
  readonly near: number;
  readonly concurrency: Sketch;
  /** Minutes with requests, in order. */
  readonly minutes: readonly RateBin[];
  readonly correlation: CorrelationFacts;
  /** Bytes per second of large blobs beyond the time that small requests take; for profiles. */
  readonly transfers: Sketch;
  readonly firstUs: number;
  readonly lastUs: number;
};

export class ArrivalPass {
  readonly #gaps = new Sketch();
  readonly #blobGaps = new Sketch();
  readonly #concurrency = new Sketch();
  readonly #transfers = new Sketch(FINE_BITS);
  readonly #correlation = new Correlation();
  readonly #underWay = new UnderWay();
  /** By client: arrival of its last request, since the first of all plus 1; 0 = none. Whether that was found near. */
  readonly #lastOf = new Column("float64");
  readonly #wasNear = new Column("uint8");
  readonly #minutes: RateBin[] = [];
  readonly #overheadUs: number;
  #ofClients = 0;
  #near = 0;
  #firstUs = Number.NaN;
  #lastUs = Number.NaN;
  #lastKeptUs = Number.NaN;
  #lastBlobUs = Number.NaN;
  #minute = Number.NaN;

  /** `overheadUs`: what a request takes before bytes flow. */
  constructor(overheadUs: number) {
    this.#overheadUs = overheadUs;
  }

  take(request: TimedRequest): void {
    const { arrivalUs, kept } = request;
    if (Number.isNaN(this.#firstUs)) this.#firstUs = arrivalUs;
    this.#lastUs = arrivalUs;
    const bin = this.#bin(arrivalUs);
    bin.records++;
    this.#correlation.take(request);
    if (!kept) return;
    bin.kept++;
    const under = this.#underWay.arrive(arrivalUs, request.endUs);
    this.#concurrency.add(under);
    if (under > bin.concurrency) bin.concurrency = under;
    if (!Number.isNaN(this.#lastKeptUs)) this.#gaps.add(arrivalUs - this.#lastKeptUs);
    this.#lastKeptUs = arrivalUs;
    this.#neighbour(request);
    if (request.method === Method.get && request.kind === Kind.blob) this.#blob(request);
  }

  findings(): ArrivalFindings {
    return {
      gaps: this.#gaps,
      blobGaps: this.#blobGaps,
      ofClients: this.#ofClients,
      near: this.#near,
      concurrency: this.#concurrency,
      minutes: this.#minutes,
      correlation: this.#correlation.facts(),
      transfers: this.#transfers,
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
    };
  }

  #bin(arrivalUs: number): RateBin {
    const minute = Math.floor(arrivalUs / MINUTE_US);
    const last = this.#minutes.at(-1);
    if (minute === this.#minute && last !== undefined) return last;
    this.#minute = minute;
    const bin = { start: minute * 60, records: 0, kept: 0, concurrency: 0 };
    this.#minutes.push(bin);
    return bin;
  }

  #neighbour({ client, arrivalUs }: TimedRequest): void {
    if (client === NOBODY) return;
    this.#ofClients++;
    const since = arrivalUs - this.#firstUs + 1;
    const last = this.#lastOf.at(client);
    const near = last > 0 && since - last <= NEAR_US;
    if (near) this.#near += this.#wasNear.at(client) === 1 ? 1 : 2;
    this.#wasNear.set(client, near ? 1 : 0);
    this.#lastOf.set(client, since);
  }

  #blob({ arrivalUs, size, durationUs }: TimedRequest): void {
    if (!Number.isNaN(this.#lastBlobUs)) this.#blobGaps.add(arrivalUs - this.#lastBlobUs);
    this.#lastBlobUs = arrivalUs;
    const transferUs = durationUs - this.#overheadUs;
    if (size >= LARGE_BYTES && transferUs > 0) this.#transfers.add((size / transferUs) * 1e6);
  }
}
