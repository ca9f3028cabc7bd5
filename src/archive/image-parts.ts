import type { Micros } from "../core/units.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { LastEvents } from "./last-events.ts";
import { RecordType } from "./record.ts";

/** The parts of one image as they are written, and where each path's event came to lie. */
export class ImageParts {
  part = 0;
  readonly #file: GrowingFile;
  readonly #parts: number;
  readonly #stamp: Micros;
  readonly #events = new ByteWriter(65_536);
  readonly #placed: { ids: Uint32Array; lengths: Uint32Array; offset: number }[] = [];
  #ids: number[] = [];
  #lengths: number[] = [];

  constructor(file: GrowingFile, { parts, stamp }: { parts: number; stamp: Micros }) {
    this.#file = file;
    this.#parts = parts;
    this.#stamp = stamp;
  }

  get bytes(): number {
    return this.#events.length;
  }

  add(id: number, raw: Buffer): void {
    this.#events.bytes(raw);
    this.#ids.push(id);
    this.#lengths.push(raw.length);
  }

  end(): void {
    const plain = new ByteWriter(16);
    plain.varint(this.part);
    plain.varint(this.#parts);
    plain.varint(0);
    const block = new ByteWriter(this.#events.length + 8);
    block.varint(this.#ids.length);
    block.bytes(this.#events.view);
    const offset = this.#file.add({
      type: RecordType.image,
      stamp: this.#stamp,
      plain: plain.view,
      part: block.view,
    });
    this.#placed.push({
      ids: Uint32Array.from(this.#ids),
      lengths: Uint32Array.from(this.#lengths),
      offset,
    });
    this.#ids = [];
    this.#lengths = [];
    this.#events.clear();
    this.part++;
  }

  /** Only now: the offsets of the old places were needed while walking over them. */
  place(last: LastEvents): void {
    for (const { ids, lengths, offset } of this.#placed)
      for (let at = 0; at < ids.length; at++)
        last.set(ids[at] as number, offset, lengths[at] as number);
  }
}
