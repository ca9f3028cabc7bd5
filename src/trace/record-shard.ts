// The records of one shard, as text in chunks of memory, until they are shuffled and written.
//
//   chunks    [ line line line ..... ][ line line ...    ][ line              ]      a line never spans two chunks
//   from/to   where line n stands, counted over all chunks
import { invariant } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { shuffle } from "./shuffle.ts";

const CHUNK_BYTES = 1 << 20;
const OUTPUT_BYTES = 1 << 18;

/** Memory is about the text itself and 8 bytes a line. */
export class RecordShard {
  readonly #chunks: Buffer[] = [];
  #from = new Uint32Array(1024);
  #to = new Uint32Array(1024);
  #used = CHUNK_BYTES;
  #count = 0;

  get records(): number {
    return this.#count;
  }

  /** A line of at most 64 KiB. */
  add(line: string): void {
    // UTF-8 takes at most three bytes for what is one unit of a string.
    const bytesMax = line.length * 3;
    invariant(bytesMax <= OUTPUT_BYTES - 2, "a record is far shorter than a buffer");
    if (this.#used + bytesMax > CHUNK_BYTES) {
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      this.#used = 0;
    }
    if (this.#count === this.#to.length) {
      this.#from = doubled(this.#from);
      this.#to = doubled(this.#to);
    }
    const before = (this.#chunks.length - 1) * CHUNK_BYTES;
    this.#from[this.#count] = before + this.#used;
    this.#used += this.#chunks.at(-1)?.write(line, this.#used) ?? 0;
    this.#to[this.#count] = before + this.#used;
    this.#count++;
  }

  /** The lines in random order as one JSON array.  */
  *shuffledArray(chance: Random): Generator<Buffer> {
    const order = Uint32Array.from({ length: this.#count }, (_, line) => line);
    shuffle(order, chance);
    let output = Buffer.allocUnsafe(OUTPUT_BYTES);
    let at = output.write("[");
    for (let n = 0; n < order.length; n++) {
      const line = order[n] ?? 0;
      const from = this.#from[line] ?? 0;
      const to = this.#to[line] ?? 0;
      if (at + to - from + 2 > OUTPUT_BYTES) {
        yield output.subarray(0, at);
        output = Buffer.allocUnsafe(OUTPUT_BYTES);
        at = 0;
      }
      if (n > 0) at += output.write(",", at);
      const chunk = this.#chunks[Math.floor(from / CHUNK_BYTES)] as Buffer;
      const offset = from % CHUNK_BYTES;
      at += chunk.copy(output, at, offset, offset + to - from);
    }
    at += output.write("]", at);
    yield output.subarray(0, at);
  }
}

function doubled(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(values.length * 2);
  bigger.set(values);
  return bigger;
}
