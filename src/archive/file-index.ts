// Where batches and images lie in a file: an entry every 1,024 batches, or sooner where 64 KiB are full. In a sealed file it
// is record 5; the writer of a file has it in memory, a reader of an unsealed one builds it from a scan.
//
//   varint n, n x (varint stamp difference, varint offset difference, varint difference of batches before it)
//   varint m, m x (varint stamp difference, varint offset difference)        for images; differences run from 0
import { type Micros, micros } from "../core/units.ts";
import { ByteCursor } from "./byte-cursor.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { HEADER_BYTES } from "./header-page.ts";

const ENTRY_BYTES = 65_536;
const ENTRY_BATCHES = 1024;

/** A batch that the index knows: how many stand before it in the file. */
export type IndexEntry = {
  readonly stamp: Micros;
  readonly offset: number;
  readonly before: number;
};

export type ImagePlace = { readonly stamp: Micros; readonly offset: number };

/** Columns of numbers that only grow, or are cut at the end. */
class Column {
  #values = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  /** How many values, which ascend, are not greater than `value`. */
  countUpTo(value: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class FileIndex {
  readonly #stamps = new Column();
  readonly #offsets = new Column();
  readonly #before = new Column();
  readonly #imageStamps = new Column();
  readonly #imageOffsets = new Column();

  get entries(): number {
    return this.#stamps.length;
  }

  get images(): number {
    return this.#imageStamps.length;
  }

  /** A batch was written: it becomes an entry if the last one is far enough away. */
  sawBatch(stamp: Micros, offset: number, before: number): void {
    const last = this.#stamps.length - 1;
    if (
      last < 0 ||
      offset - this.#offsets.at(last) >= ENTRY_BYTES ||
      before - this.#before.at(last) >= ENTRY_BATCHES
    )
      this.#add(stamp, offset, before);
  }

  #add(stamp: number, offset: number, before: number): void {
    this.#stamps.push(stamp);
    this.#offsets.push(offset);
    this.#before.push(before);
  }

  /** All parts of an image were written, the first of them at `offset`. */
  sawImage(stamp: Micros, offset: number): void {
    this.#imageStamps.push(stamp);
    this.#imageOffsets.push(offset);
  }

  /** Forgets what lies at or behind `offset`. */
  cut(offset: number): void {
    const entries = this.#offsets.countUpTo(offset - 1);
    for (const column of [this.#stamps, this.#offsets, this.#before]) column.length = entries;
    const images = this.#imageOffsets.countUpTo(offset - 1);
    this.#imageStamps.length = images;
    this.#imageOffsets.length = images;
  }

  /** The last entry with a stamp up to `stamp`: reading from there meets the first batch behind it. */
  upTo(stamp: Micros): IndexEntry {
    return this.#entry(this.#stamps.countUpTo(stamp) - 1);
  }

  /** The last entry with at most so many batches before it. */
  ofBatch(ordinal: number): IndexEntry {
    return this.#entry(this.#before.countUpTo(ordinal) - 1);
  }

  #entry(at: number): IndexEntry {
    if (at < 0) return { stamp: micros(0), offset: HEADER_BYTES, before: 0 };
    return {
      stamp: micros(this.#stamps.at(at)),
      offset: this.#offsets.at(at),
      before: this.#before.at(at),
    };
  }

  /** Offset of the nearest entry behind `offset`: where reading can go on after damage. */
  after(offset: number): number | undefined {
    const at = this.#offsets.countUpTo(offset);
    return at < this.#offsets.length ? this.#offsets.at(at) : undefined;
  }

  /** Images with a stamp up to `stamp`, the newest first. */
  *imagesUpTo(stamp: Micros): Generator<ImagePlace> {
    for (let at = this.#imageStamps.countUpTo(stamp) - 1; at >= 0; at--)
      yield { stamp: micros(this.#imageStamps.at(at)), offset: this.#imageOffsets.at(at) };
  }

  encode(out: ByteWriter): void {
    const before = { stamp: 0, offset: 0, before: 0 };
    out.varint(this.entries);
    for (let at = 0; at < this.entries; at++) {
      out.varint(this.#stamps.at(at) - before.stamp);
      out.varint(this.#offsets.at(at) - before.offset);
      out.varint(this.#before.at(at) - before.before);
      before.stamp = this.#stamps.at(at);
      before.offset = this.#offsets.at(at);
      before.before = this.#before.at(at);
    }
    out.varint(this.images);
    let image = { stamp: 0, offset: 0 };
    for (let at = 0; at < this.images; at++) {
      out.varint(this.#imageStamps.at(at) - image.stamp);
      out.varint(this.#imageOffsets.at(at) - image.offset);
      image = { stamp: this.#imageStamps.at(at), offset: this.#imageOffsets.at(at) };
    }
  }

  /** ArchiveDamage if it is no index. */
  static decode(part: Buffer): FileIndex {
    const cursor = new ByteCursor(part);
    const index = new FileIndex();
    let stamp = 0;
    let offset = 0;
    let before = 0;
    for (let left = cursor.varint(); left > 0; left--) {
      stamp += cursor.varint();
      offset += cursor.varint();
      before += cursor.varint();
      index.#add(stamp, offset, before);
    }
    stamp = 0;
    offset = 0;
    for (let left = cursor.varint(); left > 0; left--) {
      stamp += cursor.varint();
      offset += cursor.varint();
      index.sawImage(micros(stamp), offset);
    }
    return index;
  }
}
