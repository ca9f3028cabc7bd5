// The rows at the beginning of a trace that came in the order asked for. They go straight into the file under their place;
// only if a later row belongs between them are they merged with it, and for that their keys are kept. `note` runs once per
// row and is guarded by perf/extract-stream.bench.ts.
//
//   in order so far    row -> file of the trace      key -> note: 4 float64   | first | second | third | bytes of the line |
//   first one behind   this row and all later ones -> line sorter
//   finish             notes + lines of the file --merge--> file of the trace, written anew
import { invariant } from "../../core/errors.ts";
import { NamelessFile } from "../nameless-file.ts";
import type { SortedRun } from "./line-sorter.ts";
import type { AsideFile } from "./partial-file.ts";
import type { SortKey } from "./table-layout.ts";

const NUMBERS = 4;
const NOTES_PER_BLOCK = 1 << 13;
const READ_BYTES = 1 << 18;

export class OrderedHead {
  #file: NamelessFile | undefined;
  readonly #block = new Float64Array(NUMBERS * NOTES_PER_BLOCK);
  #filled = 0;
  #first = Number.NEGATIVE_INFINITY;
  #second = Number.NEGATIVE_INFINITY;
  #third = Number.NEGATIVE_INFINITY;
  #isOver = false;
  /** Rows of the head. */
  rows = 0;

  /** Whether the next row still belongs to the head. Once it does not, no later one does. */
  takes([first, second, third]: SortKey): boolean {
    if (this.#isOver) return false;
    const isBehind =
      first === this.#first
        ? second === this.#second
          ? third < this.#third
          : second < this.#second
        : first < this.#first;
    if (isBehind) this.#isOver = true;
    return !isBehind;
  }

  /** A row that was taken and written with so many bytes. */
  note([first, second, third]: SortKey, bytes: number): void {
    if (this.#filled === this.#block.length) this.#flush();
    const at = this.#filled;
    this.#block[at] = first;
    this.#block[at + 1] = second;
    this.#block[at + 2] = third;
    this.#block[at + 3] = bytes;
    this.#filled = at + NUMBERS;
    this.#first = first;
    this.#second = second;
    this.#third = third;
    this.rows++;
  }

  /** The head as a run to merge with others; its lines stand in `aside` from `from` on. */
  run(aside: AsideFile, from: number): SortedRun {
    this.#flush();
    return new HeadRun(this.#file as NamelessFile, { rows: this.rows, aside, from });
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #flush(): void {
    this.#file ??= new NamelessFile();
    this.#file.append(bytesOf(this.#block, this.#filled));
    this.#filled = 0;
  }
}

const bytesOf = (numbers: Float64Array, count: number): Uint8Array =>
  new Uint8Array(numbers.buffer, 0, count * Float64Array.BYTES_PER_ELEMENT);

/** Walks over the notes and, in step with them, over the lines. */
class HeadRun implements SortedRun {
  readonly key: SortKey = [0, 0, 0];
  bytes: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  from = 0;
  to = 0;
  readonly #notes: NamelessFile;
  readonly #block = new Float64Array(NUMBERS * NOTES_PER_BLOCK);
  #note = 0;
  readonly #rows: number;
  #row = 0;
  readonly #aside: AsideFile;
  #position: number;
  #filled = 0;

  constructor(
    notes: NamelessFile,
    { rows, aside, from }: { rows: number; aside: AsideFile; from: number },
  ) {
    this.#notes = notes;
    this.#rows = rows;
    this.#aside = aside;
    this.#position = from;
  }

  advance(): boolean {
    if (this.#row === this.#rows) return false;
    if (this.#row % NOTES_PER_BLOCK === 0) this.#readNotes();
    const at = this.#note;
    for (let part = 0; part < 3; part++) this.key[part] = this.#block[at + part] as number;
    this.#take(this.#block[at + 3] as number);
    this.#note = at + NUMBERS;
    this.#row++;
    return true;
  }

  #readNotes(): void {
    const position = this.#row * NUMBERS * Float64Array.BYTES_PER_ELEMENT;
    this.#notes.read(bytesOf(this.#block, this.#block.length), position);
    this.#note = 0;
  }

  /** The next so many bytes of the file. */
  #take(length: number): void {
    if (this.to + length > this.#filled) this.#readOn(length);
    this.from = this.to;
    this.to = this.from + length;
  }

  #readOn(length: number): void {
    const rest = this.#filled - this.to;
    // A new buffer if need be: the line that was handed out last still lies in the old one.
    const next = length > this.bytes.length ? Buffer.allocUnsafeSlow(length) : this.bytes;
    this.bytes.copy(next, 0, this.to, this.#filled);
    this.bytes = next;
    const got = this.#aside.read(next.subarray(rest), this.#position);
    this.#position += got;
    this.to = 0;
    this.#filled = rest + got;
    invariant(length <= this.#filled, "the file holds every line that was noted");
  }
}
