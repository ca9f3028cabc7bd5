// Used per request and cache; see lfu-cache.ts.
//
//   by object   links  Int32 x 2   [2 * object] newer neighbour in its bucket, [2 * object + 1] older one; NONE = there is none
//               home   Int32       its bucket; NONE = not in the cache
//   by bucket   words  Int32 x 5   newest and oldest object, number of uses, the next bucket above and below
//
// Buckets that are given up hang together by ABOVE and are used again: there are never more than different numbers of uses.

const NONE = -1;

const WORDS = 5;
const NEWEST = 0;
const OLDEST = 1;
const USES = 2;
const ABOVE = 3;
const BELOW = 4;
const BUCKETS_AT_FIRST = 64;

/** Objects by how often they were used since they came in, and within that by when. */
export class UseBuckets {
  readonly #links: Int32Array;
  readonly #home: Int32Array;
  #words = new Int32Array(WORDS * BUCKETS_AT_FIRST);
  #buckets = 0;
  #free = NONE;
  #lowest = NONE;

  constructor(objects: number) {
    this.#links = new Int32Array(2 * objects);
    this.#home = new Int32Array(objects).fill(NONE);
  }

  /** -1 if the object is not in the cache. */
  bucketOf(object: number): number {
    return this.#home[object] as number;
  }

  /** An object that is not there comes in, with one use. */
  add(object: number): void {
    const lowest = this.#lowest;
    const known = lowest !== NONE && this.#word(lowest, USES) === 1;
    this.#put(object, known ? lowest : this.#insert(1, NONE, lowest));
  }

  /** One more use of an object that is there. */
  use(object: number): void {
    const bucket = this.#home[object] as number;
    const uses = this.#word(bucket, USES) + 1;
    const above = this.#word(bucket, ABOVE);
    const known = above !== NONE && this.#word(above, USES) === uses;
    if (!known && this.#word(bucket, NEWEST) === this.#word(bucket, OLDEST)) {
      // Alone, with nobody of so many uses: its bucket goes with it.
      this.#set(bucket, USES, uses);
      return;
    }
    const target = known ? above : this.#insert(uses, bucket, above);
    this.#take(object, bucket);
    this.#put(object, target);
  }

  /** Takes out, of the objects with the fewest uses, the one whose last is longest ago. There must be one. */
  removeLeast(): number {
    const bucket = this.#lowest;
    const object = this.#word(bucket, OLDEST);
    this.#take(object, bucket);
    this.#home[object] = NONE;
    return object;
  }

  #word(bucket: number, word: number): number {
    return this.#words[WORDS * bucket + word] as number;
  }

  #set(bucket: number, word: number, value: number): void {
    this.#words[WORDS * bucket + word] = value;
  }

  /** Puts an object in front of its new bucket. */
  #put(object: number, bucket: number): void {
    const newest = this.#word(bucket, NEWEST);
    this.#home[object] = bucket;
    this.#links[2 * object] = NONE;
    this.#links[2 * object + 1] = newest;
    if (newest === NONE) this.#set(bucket, OLDEST, object);
    else this.#links[2 * newest] = object;
    this.#set(bucket, NEWEST, object);
  }

  /** Takes an object out of its bucket, which goes when it is empty. */
  #take(object: number, bucket: number): void {
    const newer = this.#links[2 * object] as number;
    const older = this.#links[2 * object + 1] as number;
    if (newer === NONE) this.#set(bucket, NEWEST, older);
    else this.#links[2 * newer + 1] = older;
    if (older === NONE) this.#set(bucket, OLDEST, newer);
    else this.#links[2 * older] = newer;
    if (newer === NONE && older === NONE) this.#giveUp(bucket);
  }

  /** A new bucket between two neighbours. */
  #insert(uses: number, below: number, above: number): number {
    const bucket = this.#claim();
    this.#set(bucket, NEWEST, NONE);
    this.#set(bucket, OLDEST, NONE);
    this.#set(bucket, USES, uses);
    this.#set(bucket, ABOVE, above);
    this.#set(bucket, BELOW, below);
    if (above !== NONE) this.#set(above, BELOW, bucket);
    if (below === NONE) this.#lowest = bucket;
    else this.#set(below, ABOVE, bucket);
    return bucket;
  }

  #giveUp(bucket: number): void {
    const above = this.#word(bucket, ABOVE);
    const below = this.#word(bucket, BELOW);
    if (above !== NONE) this.#set(above, BELOW, below);
    if (below === NONE) this.#lowest = above;
    else this.#set(below, ABOVE, above);
    this.#set(bucket, ABOVE, this.#free);
    this.#free = bucket;
  }

  #claim(): number {
    const bucket = this.#free;
    if (bucket !== NONE) {
      this.#free = this.#word(bucket, ABOVE);
      return bucket;
    }
    if (WORDS * this.#buckets === this.#words.length) {
      const larger = new Int32Array(2 * this.#words.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    return this.#buckets++;
  }
}
