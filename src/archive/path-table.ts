// All paths of an archive with their ids, outside the heap: 4 bytes for where a path begins, 5 to 11 for the hash table, and
// the bytes of the path itself. Ids are dense from 0, in order of arrival.
import { UsageError } from "../core/errors.ts";

export const PATH_BYTES_MAX = 65_535;
const FIRST_PATHS = 256;
const FIRST_BYTES = 8192;
/** Growth of the arrays per path; less than doubling, since they are most of the memory that recording takes. */
const GROWTH = 1.25;
/** The hash table is enlarged when it is fuller than this. */
const FILL_MAX = 0.75;
/** Texts kept for the paths seen last, so that frequent ones are neither hashed nor decoded. */
const TEXTS_MAX = 32_768;
const EMPTY = -1;

/** UsageError for a text that is no path. */
export function refusePath(path: string): void {
  if (!path.startsWith("/")) throw new UsageError(`paths begin with "/": "${path.slice(0, 80)}"`);
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_BYTES_MAX)
    throw new UsageError(`a path of ${bytes} bytes; ${PATH_BYTES_MAX} are the most`);
}

export class PathTable {
  /** Of all ids before the path: where it begins; one more for the end of the last. */
  #starts = new Uint32Array(FIRST_PATHS + 1);
  #text = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #slots = new Int32Array(FIRST_PATHS * 2).fill(EMPTY);
  #count = 0;
  readonly #scratch = Buffer.allocUnsafeSlow(PATH_BYTES_MAX * 3);
  #ids = new Map<string, number>();
  #texts = new Map<number, string>();

  get count(): number {
    return this.#count;
  }

  /** Bytes of the paths themselves. */
  get textBytes(): number {
    return this.#starts[this.#count] as number;
  }

  /** The id of a path, or -1. */
  find(path: string): number {
    const known = this.#ids.get(path);
    if (known !== undefined) return known;
    const id = this.findBytes(this.#bytesOf(path));
    if (id >= 0) this.#remember(path, id);
    return id;
  }

  findBytes(path: Buffer): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(path) & mask;
    for (;;) {
      const id = slots[slot] as number;
      if (id === EMPTY || this.isAt(id, path)) return id;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds a path that is not there; gives its id. UsageError for one that is no path. */
  add(path: string): number {
    refusePath(path);
    return this.addBytes(this.#bytesOf(path));
  }

  /** Adds bytes that a file calls a path. An empty one stands for an id whose path is lost: it cannot be found. */
  addBytes(path: Buffer): number {
    const id = this.#count;
    const from = this.textBytes;
    this.#makeRoom(from + path.length);
    this.#text.set(path, from);
    this.#count++;
    this.#starts[this.#count] = from + path.length;
    if (path.length > 0) this.#enter(id, hashOf(path));
    return id;
  }

  /** The text of an id below `count`. */
  path(id: number): string {
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    const path = this.#textOf(id);
    this.#remember(path, id);
    return path;
  }

  /** The same for a walk over all ids, which would push out each text before it is asked for again. */
  passingPath(id: number): string {
    return this.#count > TEXTS_MAX ? (this.#texts.get(id) ?? this.#textOf(id)) : this.path(id);
  }

  #textOf(id: number): string {
    return this.#text.toString("utf8", this.#starts[id], this.#starts[id + 1]);
  }

  /** A view on the bytes of a path. */
  bytesAt(id: number): Buffer {
    return this.#text.subarray(this.#starts[id], this.#starts[id + 1]);
  }

  isAt(id: number, path: Buffer): boolean {
    const from = this.#starts[id] as number;
    const length = (this.#starts[id + 1] as number) - from;
    return length === path.length && this.#text.compare(path, 0, length, from, from + length) === 0;
  }

  #bytesOf(path: string): Buffer {
    // A path that is far too long would not fit the scratch buffer.
    if (path.length > PATH_BYTES_MAX) return Buffer.from(path);
    return this.#scratch.subarray(0, this.#scratch.write(path));
  }

  #remember(path: string, id: number): void {
    if (this.#ids.size >= TEXTS_MAX) {
      this.#ids = new Map();
      this.#texts = new Map();
    }
    this.#ids.set(path, id);
    this.#texts.set(id, path);
  }

  #makeRoom(textBytes: number): void {
    if (this.#count + 2 > this.#starts.length) {
      const larger = new Uint32Array(Math.ceil(this.#starts.length * GROWTH));
      larger.set(this.#starts);
      this.#starts = larger;
    }
    if (textBytes > this.#text.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(textBytes, Math.ceil(this.#text.length * GROWTH)),
      );
      this.#text.copy(larger);
      this.#text = larger;
    }
    if (this.#count + 1 > this.#slots.length * FILL_MAX) this.#rehash();
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    for (let id = 0; id < this.#count; id++) {
      const path = this.bytesAt(id);
      if (path.length > 0) this.#enter(id, hashOf(path));
    }
  }

  #enter(id: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#slots[slot] = id;
  }
}

/** FNV-1a, its high bits mixed into the low ones, which choose the slot. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++)
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}
