// Takes a line per row: appending allocates nothing but, rarely, longer indexes. Guarded by perf/extract-stream.bench.ts.
//
//   add -> arena of lines + three arrays of keys  --full-->  sorted run at the end of one temporary file
//   lines -> merge of the runs and of what is still in memory
//
// A line in a run:
//
//   0        4            12           20           28
//   | length | first key  | second key | third key  | UTF-8 bytes of the line
import { DrayageError, invariant, UsageError } from "../../core/errors.ts";
import { NamelessFile } from "../nameless-file.ts";
import { BYTES_PER_UNIT_MAX } from "./byte-text.ts";
import { isAfter, mergeSorted } from "./merge-sort.ts";
import type { SortKey } from "./table-layout.ts";

const HEAD_BYTES = 28;
const FIRST_LINES = 1 << 12;
/** Of the buffers that runs are read through: all of them together take what the lines in memory took before. */
const READ_BYTES_MAX = 1 << 18;
const READ_BYTES_MIN = 1 << 12;
const WRITE_BYTES = 1 << 20;
const ARENA_BYTES_MIN = 1 << 20;

const NOTHING = Buffer.alloc(0);

type Run = { readonly from: number; readonly to: number };

/** A line under its three keys; rows with equal keys come out in the order in which they were added. */
export interface SortedLine {
  readonly key: SortKey;
  /** The line is what stands from `from` to `to`. Borrowed until the next line. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Lines in order, to be walked over once; `advance` moves to the next one and is false at the end. */
export interface SortedRun extends SortedLine {
  advance(): boolean;
}

type OpenLine = { key: SortKey; bytes: Buffer; from: number; to: number };

export class LineSorter {
  readonly #arenaBytes: number;
  #arena: Buffer;
  #used = 0;
  #count = 0;
  #starts = new Float64Array(FIRST_LINES + 1);
  #keys = new Float64Array(3 * FIRST_LINES);
  #ordered = true;
  readonly #runs: Run[] = [];
  #file: NamelessFile | undefined;
  #isClosed = false;

  /** `bytes` for lines in memory. */
  constructor(bytes: number) {
    this.#arenaBytes = Math.max(ARENA_BYTES_MIN, bytes);
    this.#arena = arenaOf(this.#arenaBytes);
  }

  /** Runs on disk so far. */
  get spilledRuns(): number {
    return this.#runs.length;
  }

  add(line: string, key: SortKey): void {
    const bytes = this.reserve(BYTES_PER_UNIT_MAX * line.length);
    this.keep(this.#used + bytes.write(line, this.#used, "utf8"), key);
  }

  /** Memory with room for a line of so many bytes from `at` on; `keep` tells where the line ends. */
  reserve(bytes: number): Buffer {
    if (this.#used + bytes > this.#arena.length) this.#spill();
    invariant(bytes <= this.#arena.length, "a line fits into the memory for sorting");
    return this.#arena;
  }
  get at(): number {
    return this.#used;
  }

  /** Takes the line that ends at `end` of the reserved memory. */
  keep(end: number, [first, second, third]: SortKey): void {
    if (this.#count === this.#keys.length / 3) this.#lengthenIndexes();
    const at = 3 * this.#count;
    this.#keys[at] = first;
    this.#keys[at + 1] = second;
    this.#keys[at + 2] = third;
    if (this.#count > 0 && isAfter(this.#keys, at - 3, at)) this.#ordered = false;
    this.#used = end;
    this.#count++;
    this.#starts[this.#count] = this.#used;
  }

  /** Whether no line was added. */
  get isEmpty(): boolean {
    return this.#count === 0 && this.#runs.length === 0;
  }

  /** All lines in order, together with those of `earlier`, which were added before; nothing may be added any more. */
  lines(earlier?: SortedRun): Generator<SortedLine> {
    if (this.#runs.length === 0 && earlier === undefined) return this.#inMemory();
    if (this.#count > 0) this.#spill();
    const file = this.#file as NamelessFile;
    const share = Math.floor(this.#arenaBytes / this.#runs.length);
    const readBytes = Math.max(READ_BYTES_MIN, Math.min(READ_BYTES_MAX, share));
    // All lines are in the file now.
    this.#arena = NOTHING;
    this.#keys = new Float64Array(0);
    this.#starts = new Float64Array(1);
    const runs = this.#runs.map((run) => new RunCursor(file, { run, readBytes }));
    const cursors: SortedRun[] = earlier === undefined ? runs : [earlier, ...runs];
    return mergeRuns(cursors.filter((cursor) => cursor.advance()));
  }

  close(): void {
    this.#isClosed = true;
    this.#file?.close();
    this.#file = undefined;
  }

  *#inMemory(): Generator<SortedLine> {
    const line: OpenLine = { key: [0, 0, 0], bytes: this.#arena, from: 0, to: 0 };
    const order = this.#order();
    for (let at = 0; at < this.#count; at++) {
      this.#show(order === undefined ? at : (order[at] as number), line);
      yield line;
    }
  }

  #show(place: number, line: OpenLine): void {
    for (let part = 0; part < 3; part++) line.key[part] = this.#keys[3 * place + part] as number;
    line.from = this.#starts[place] as number;
    line.to = this.#starts[place + 1] as number;
  }

  /** `undefined` if lines are in order as they were added. */
  #order(): Uint32Array | undefined {
    return this.#ordered ? undefined : mergeSorted(this.#count, this.#keys);
  }

  #spill(): void {
    // What still adds lines has not heard that the trace was given up.
    if (this.#isClosed)
      throw new DrayageError("interrupted", "the lines to be sorted were given up");
    this.#file ??= new NamelessFile();
    const file = this.#file;
    const from = file.bytes;
    const block = new WriteBlock(file);
    for (const line of this.#inMemory()) block.add(line);
    block.flush();
    this.#runs.push({ from, to: file.bytes });
    this.#used = 0;
    this.#count = 0;
    this.#ordered = true;
  }

  #lengthenIndexes(): void {
    const starts = new Float64Array(2 * this.#starts.length);
    starts.set(this.#starts);
    this.#starts = starts;
    const keys = new Float64Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
  }
}

function arenaOf(bytes: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(bytes);
  } catch (error) {
    throw new UsageError(`--memory-limit is more than the system gives: ${bytes} bytes at once`, {
      cause: error,
    });
  }
}

class WriteBlock {
  readonly #file: NamelessFile;
  #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #filled = 0;

  constructor(file: NamelessFile) {
    this.#file = file;
  }

  add({ key, bytes, from, to }: SortedLine): void {
    const needed = HEAD_BYTES + to - from;
    if (this.#filled + needed > this.#buffer.length) this.flush();
    if (needed > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(needed);
    this.#buffer.writeUInt32LE(to - from, this.#filled);
    for (let part = 0; part < 3; part++)
      this.#buffer.writeDoubleLE(key[part] as number, this.#filled + 4 + 8 * part);
    bytes.copy(this.#buffer, this.#filled + HEAD_BYTES, from, to);
    this.#filled += needed;
  }

  flush(): void {
    this.#file.append(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

/** Walks over a run in the file. */
class RunCursor implements SortedRun {
  readonly key: SortKey = [0, 0, 0];
  bytes: Buffer = NOTHING;
  from = 0;
  to = 0;
  readonly #file: NamelessFile;
  readonly #run: Run;
  #buffer: Buffer;
  #position: number;
  #at = 0;
  #filled = 0;

  constructor(file: NamelessFile, { run, readBytes }: { run: Run; readBytes: number }) {
    this.#file = file;
    this.#buffer = Buffer.allocUnsafeSlow(readBytes);
    this.#run = run;
    this.#position = run.from;
  }

  /** Moves to the next line; false at the end of the run. */
  advance(): boolean {
    if (!this.#has(HEAD_BYTES)) return false;
    const length = this.#buffer.readUInt32LE(this.#at);
    invariant(this.#has(HEAD_BYTES + length), "a spilled run ends with a whole line");
    for (let part = 0; part < 3; part++)
      this.key[part] = this.#buffer.readDoubleLE(this.#at + 4 + 8 * part);
    this.bytes = this.#buffer;
    this.from = this.#at + HEAD_BYTES;
    this.to = this.from + length;
    this.#at = this.to;
    return true;
  }

  /** Whether so many bytes stand at the current place, which may mean reading on. */
  #has(bytes: number): boolean {
    if (this.#at + bytes <= this.#filled) return true;
    const rest = this.#filled - this.#at;
    // A new buffer if need be: the line that was handed out last still lies in the old one.
    const next = bytes > this.#buffer.length ? Buffer.allocUnsafeSlow(bytes) : this.#buffer;
    this.#buffer.copy(next, 0, this.#at, this.#filled);
    this.#buffer = next;
    const room = Math.min(next.length - rest, this.#run.to - this.#position);
    const got = this.#file.read(next.subarray(rest, rest + room), this.#position);
    this.#position += got;
    this.#at = 0;
    this.#filled = rest + got;
    return bytes <= this.#filled;
  }
}

/** Equal keys come in the order of the runs, which is that of adding. */
function* mergeRuns(cursors: readonly SortedRun[]): Generator<SortedLine> {
  const heap = cursors.map((cursor, order) => ({ cursor, order }));
  type Head = (typeof heap)[number];
  const isBefore = (a: Head, b: Head): boolean => {
    for (let part = 0; part < 3; part++) {
      const one = a.cursor.key[part] as number;
      const other = b.cursor.key[part] as number;
      if (one !== other) return one < other;
    }
    return a.order < b.order;
  };
  const sink = (from: number): void => {
    const moved = heap[from] as Head;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      const next = heap[child + 1];
      if (next !== undefined && isBefore(next, heap[child] as Head)) child++;
      if (!isBefore(heap[child] as Head, moved)) break;
      heap[place] = heap[child] as Head;
      place = child;
    }
    heap[place] = moved;
  };
  for (let place = (heap.length >> 1) - 1; place >= 0; place--) sink(place);
  while (heap.length > 0) {
    const { cursor } = heap[0] as Head;
    yield cursor;
    if (!cursor.advance()) {
      const last = heap.pop() as Head;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    sink(0);
  }
}
