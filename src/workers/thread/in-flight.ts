// The table of a request worker thread: one entry per operation that is under way or waits for its lane.
//
// `load` runs once per request; budget 150 ns, no allocation for records whose parts have the lengths of the entry's last
// record. Guarded by perf/end-to-end-loopback.bench.ts.
import type { Flight, Landing, Target } from "../../plugins/plugin.ts";
import { copyWords } from "../../ring/copy-words.ts";
import {
  AFTER_AT,
  BODY_BYTES_AT,
  DIGEST_AT,
  DIGEST_BYTES,
  DUE_AT,
  FLAGS_AT,
  Flag,
  KEY_BYTES_AT,
  KIND_AT,
  NODE_AT,
  OP_AT,
  REGISTRY_AT,
  rowAtBehind,
  SEQ_AT,
  SESSION_AT,
  SIZE_AT,
  SLOT_AT,
  TARGET_AT,
  TARGET_BYTES_AT,
  TRACED_AT,
} from "../../ring/operation-record.ts";
import type { RingConsumer } from "../../ring/record-ring.ts";
import { STAMP_WORDS } from "../../stats/tally.ts";

const RECORD_BYTES_USUAL = 1024;

/** Told when an entry's flight has landed. */
export interface EntryOwner {
  landed(entry: Entry): void;
}

export class Entry implements Landing {
  readonly flight: Flight;
  readonly #owner: EntryOwner;
  /** The record, copied: the ring is free again at once, and a request may be sent more than once. */
  memory: Buffer = Buffer.alloc(0);
  /** The same memory, for copies. */
  words: Int32Array = new Int32Array(0);
  seq = 0;
  due = 0;
  traced = 0;
  node = 0;
  slot = 0;
  session = 0;
  after = 0;
  rowAt = 0;
  rowBytes = 0;
  keyAt = 0;
  keyBytes = 0;
  #targetBytes = -1;
  /** Times and byte counts of the request, laid out as stats/tally.ts's `Stamp` says. */
  readonly stamps = new Float64Array(STAMP_WORDS);
  /** It was due while no place was free, or its lane was taken: late by the number of places, not by the generator. */
  waited = false;
  /** Ended before it was sent: drained away by the first interrupt. */
  dropped = false;
  /** Link of whatever list the entry stands in: free entries, a lane, the ready queue, the unreported ones. */
  next: Entry | undefined = undefined;

  constructor(target: Target, owner: EntryOwner) {
    this.#owner = owner;
    this.flight = target.createFlight(this);
    this.#grow(RECORD_BYTES_USUAL);
  }

  landed(): void {
    this.#owner.landed(this);
  }

  load(ring: RingConsumer, at: number): void {
    const { bytes, words, doubles } = ring;
    const length = words[at >> 2] as number;
    if (length > this.memory.length) this.#grow(length);
    if (length <= RECORD_BYTES_USUAL) copyWords(this.words, 0, words, at >> 2, length >> 2);
    else bytes.copy(this.memory, 0, at, at + length);
    this.seq = (words[(at + SEQ_AT) >> 2] as number) >>> 0;
    this.due = doubles[(at + DUE_AT) >> 3] as number;
    this.traced = doubles[(at + TRACED_AT) >> 3] as number;
    this.node = (words[(at + NODE_AT) >> 2] as number) >>> 16;
    this.slot = words[(at + SLOT_AT) >> 2] as number;
    this.session = (words[(at + SESSION_AT) >> 2] as number) >>> 0;
    this.after = (words[(at + AFTER_AT) >> 2] as number) >>> 0;
    this.waited = ((bytes[at + FLAGS_AT] as number) & Flag.dealtAgain) !== 0;
    this.dropped = false;
    this.#loadOrder(ring, at);
  }

  #loadOrder(ring: RingConsumer, at: number): void {
    const { bytes, words, doubles } = ring;
    const order = this.flight.order;
    const flags = bytes[at + FLAGS_AT] as number;
    order.op = bytes[at + OP_AT] as number;
    order.kind = bytes[at + KIND_AT] as number;
    order.registry = (words[(at + REGISTRY_AT) >> 2] as number) & 0xffff;
    order.session = (flags & Flag.ownConnections) === 0 ? -1 : this.session;
    order.size = doubles[(at + SIZE_AT) >> 3] as number;
    order.verify = (flags & Flag.verify) !== 0;
    order.expectMissing = (flags & Flag.expectMissing) !== 0;
    order.ranged = (flags & Flag.ranged) !== 0;
    const lengths = words[(at + TARGET_BYTES_AT) >> 2] as number;
    const targetBytes = lengths & 0xffff;
    this.rowAt = rowAtBehind(targetBytes);
    this.rowBytes = lengths >>> 16;
    this.keyAt = this.rowAt + this.rowBytes;
    this.keyBytes = (words[(at + KEY_BYTES_AT) >> 2] as number) & 0xffff;
    if (targetBytes !== this.#targetBytes) this.#viewTarget(targetBytes);
    order.key = "";
    order.mountFrom = "";
    if (this.keyBytes > 0) this.#loadKey((flags & Flag.mount) !== 0);
    const bodyBytes = words[(at + BODY_BYTES_AT) >> 2] as number;
    const bodyAt = this.keyAt + this.keyBytes;
    order.body =
      (flags & Flag.bodyInRecord) === 0
        ? undefined
        : this.memory.subarray(bodyAt, bodyAt + bodyBytes);
  }

  /** Only uploads have a key, and an upload is no hot path: strings are affordable here. */
  #loadKey(mount: boolean): void {
    const text = this.memory.toString("utf8", this.keyAt, this.keyAt + this.keyBytes);
    const order = this.flight.order;
    const nul = mount ? text.indexOf("\0") : -1;
    order.mountFrom = nul < 0 ? "" : text.slice(0, nul);
    order.key = text.slice(nul + 1);
  }

  #grow(length: number): void {
    // A record's length is a multiple of 8.
    const memory = new ArrayBuffer(length);
    this.memory = Buffer.from(memory);
    this.words = new Int32Array(memory);
    this.#targetBytes = -1;
    this.#viewDigest();
  }

  #viewDigest(): void {
    this.flight.order.digest = this.memory.subarray(DIGEST_AT, DIGEST_AT + DIGEST_BYTES);
  }

  /** A view is an object: it is kept for as long as the records have heads of the same length, as most traces do. */
  #viewTarget(targetBytes: number): void {
    this.#targetBytes = targetBytes;
    this.flight.order.target = this.memory.subarray(TARGET_AT, TARGET_AT + targetBytes);
  }
}

/** A first-in first-out list threaded through the entries themselves: no node objects. */
export class EntryQueue {
  #head: Entry | undefined = undefined;
  #tail: Entry | undefined = undefined;
  length = 0;

  get first(): Entry | undefined {
    return this.#head;
  }

  push(entry: Entry): void {
    entry.next = undefined;
    if (this.#tail === undefined) this.#head = entry;
    else this.#tail.next = entry;
    this.#tail = entry;
    this.length++;
  }

  shift(): Entry | undefined {
    const entry = this.#head;
    if (entry === undefined) return undefined;
    this.#head = entry.next;
    if (this.#head === undefined) this.#tail = undefined;
    entry.next = undefined;
    this.length--;
    return entry;
  }
}

/** Entries that are free, made on demand up to a limit. A stack: the entry used last is the one whose memory is warm. */
export class EntryTable {
  readonly #free: Entry[] = [];
  readonly #all: Entry[] = [];
  readonly #make: () => Entry;
  readonly #limit: number;

  constructor(limit: number, make: () => Entry) {
    this.#limit = limit;
    this.#make = make;
  }

  /** A free entry, or `undefined` when all are taken. */
  borrow(): Entry | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#all.length >= this.#limit) return undefined;
    const entry = this.#make();
    this.#all.push(entry);
    return entry;
  }

  giveBack(entry: Entry): void {
    this.#free.push(entry);
  }

  /** Every entry that is not free. For the second interrupt only: it walks the whole table. */
  taken(): Entry[] {
    const free = new Set(this.#free);
    return this.#all.filter((entry) => !free.has(entry));
  }

  get takenCount(): number {
    return this.#all.length - this.#free.length;
  }
}
