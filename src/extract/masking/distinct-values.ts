// Every distinct clear text and its pseudonym, as tags, for two questions at the end of an extraction: do two texts share a
// pseudonym, and does a clear text stand in the output?
//
//   note -> tables in memory  --limit reached-->  a file of pairs, 16 bytes each, read in as many passes as memory asks for
//
//   0               8               16
//   | pseudonym tag | value tag     |
import { isIP } from "node:net";
import { NamelessFile } from "../nameless-file.ts";
import { isHexText } from "./hex-text.ts";
import { type MaskClass, maskClasses } from "./mask-policy.ts";
import { TAG_SLOT_BYTES, TagTable } from "./tag-table.ts";
import { ValueTag } from "./value-tag.ts";

const PAIR_WORDS = 4;
const PAIR_BYTES = 4 * PAIR_WORDS;
const BUFFERED_PAIRS = 1 << 14;
/** Bytes of a table per entry at the worst moment: half-filled after it has grown. */
const TABLE_BYTES_PER_ENTRY = 3 * TAG_SLOT_BYTES;
/** Suffixes of host names beyond these are not looked for; sites have a handful. */
const SUFFIXES_MAX = 1000;
/** The space of tags of clear texts, whatever their class. */
const CLEAR_SPACE = 0;
/** The space of clear texts without a pseudonym, beyond those of the classes. */
const UNPAIRED_SPACE = 1000;

/** `any`: found after a spill, where classes are no longer known. */
type CollisionPlace = MaskClass | "any";
export type Collision = { readonly className: CollisionPlace; readonly count: number };

export class DistinctValues {
  readonly #tag = new ValueTag();
  readonly #limitBytes: number;
  #pairs = new TagTable();
  #clear = new TagTable();
  readonly #collisions = new Map<CollisionPlace, number>();
  readonly #suffixes = new Set<string>();
  /** One byte for each beginning of four digits that a clear text of hexadecimal digits has. */
  readonly #hexBeginnings = new Uint8Array(1 << 16);
  #spool: PairSpool | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Host name suffixes seen, in lower case, such as `example.org` of `a.Example.org`. */
  get suffixes(): ReadonlySet<string> {
    return this.#suffixes;
  }
  get spilled(): boolean {
    return this.#spool !== undefined;
  }

  /** Whether any clear text consists of hexadecimal digits and begins with these four. */
  hasHexBeginning(digits: number): boolean {
    return this.#hexBeginnings[digits] === 1;
  }

  /** Called at least once for each pair of a clear text and its pseudonym; repetitions cost time only. */
  note(of: MaskClass, value: string, pseudonym: string): void {
    if (of === "host") this.#noteSuffix(value);
    this.#noteHex(value);
    const { high: valueHigh, low: valueLow } = this.#tag.of(value, CLEAR_SPACE);
    const space = 1 + maskClasses.indexOf(of);
    const { high, low } = this.#tag.of(pseudonym, space);
    if (this.#spool !== undefined) {
      this.#spool.append([high, low, valueHigh, valueLow]);
      return;
    }
    this.#clear.claim(valueHigh, valueLow);
    if (!this.#pair([high, low, valueHigh, valueLow]))
      this.#collisions.set(of, (this.#collisions.get(of) ?? 0) + 1);
    if (this.#pairs.isFull && 2 * (this.#pairs.bytes + this.#clear.bytes) > this.#limitBytes)
      this.#spill();
  }

  /** A clear text that has no pseudonym of its own and must not stand in the output either. */
  noteClear(text: string): void {
    this.#noteHex(text);
    const { high, low } = this.#tag.of(text, CLEAR_SPACE);
    if (this.#spool === undefined) {
      this.#clear.claim(high, low);
      return;
    }
    const { high: ownHigh, low: ownLow } = this.#tag.of(text, UNPAIRED_SPACE);
    this.#spool.append([ownHigh, ownLow, high, low]);
  }

  /** Classes in which two clear texts share a pseudonym. */
  collisions(): readonly Collision[] {
    for (let pass = 0; pass < this.passes; pass++) this.#countCollisions(pass);
    return [...this.#collisions].map(([className, count]) => ({ className, count }));
  }

  /** How many times `loadClear` has to be called, with 0 to passes - 1, to have seen all clear texts. */
  get passes(): number {
    const entries = this.#spool?.count ?? 0;
    return Math.max(1, Math.ceil((entries * TABLE_BYTES_PER_ENTRY) / this.#limitBytes));
  }

  /** Makes `isClear` answer for the clear texts of a pass; the others are unknown to it. */
  loadClear(pass: number): void {
    const spool = this.#spool;
    if (spool === undefined) return;
    this.#pairs = new TagTable();
    this.#clear = new TagTable();
    const passes = this.passes;
    spool.forEach((words, at) => {
      const low = words[at + 3] as number;
      if (low % passes === pass) this.#clear.claim(words[at + 2] as number, low);
    });
  }

  /** Whether a text is the pseudonym of a value of this class. After a spill nothing is known and all texts may be. */
  isPseudonym(of: MaskClass, text: string): boolean {
    if (this.#spool !== undefined) return true;
    const { high, low } = this.#tag.of(text, 1 + maskClasses.indexOf(of));
    return this.#pairs.has(high, low);
  }

  /** Whether a text of the output is one of the clear texts. */
  isClear(text: string): boolean {
    const { high, low } = this.#tag.of(text, CLEAR_SPACE);
    return this.#clear.has(high, low);
  }

  close(): void {
    this.#spool?.close();
  }

  /** False if the pseudonym belongs to another clear text already. */
  #pair([high, low, valueHigh, valueLow]: readonly [number, number, number, number]): boolean {
    const before = this.#pairs.count;
    const at = this.#pairs.claim(high, low);
    if (this.#pairs.count > before) {
      this.#pairs.store(at, valueHigh, valueLow);
      return true;
    }
    return this.#pairs.first(at) === valueHigh && this.#pairs.second(at) === valueLow;
  }

  #noteHex(text: string): void {
    if (text.length < 4 || !isHexText(text)) return;
    this.#hexBeginnings[Number.parseInt(text.slice(0, 4), 16)] = 1;
  }

  #noteSuffix(value: string): void {
    const dot = value.indexOf(".");
    const suffix = value.slice(dot + 1).replace(/:\d+$/, "");
    if (
      dot < 0 ||
      isIP(value.replace(/:\d+$/, "")) !== 0 ||
      !suffix.includes(".") ||
      this.#suffixes.size >= SUFFIXES_MAX
    )
      return;
    this.#suffixes.add(suffix.toLowerCase());
  }

  #spill(): void {
    const spool = new PairSpool();
    this.#pairs.forEach(({ high, low, first, second }) => {
      spool.append([high, low, first, second]);
    });
    // Texts without a pseudonym are in this table only; each stands for itself among the pairs.
    this.#clear.forEach(({ high, low }) => {
      spool.append([high, low, high, low]);
    });
    this.#spool = spool;
    this.#pairs = new TagTable();
    this.#clear = new TagTable();
  }

  #countCollisions(pass: number): void {
    const spool = this.#spool;
    if (spool === undefined) return;
    this.#pairs = new TagTable();
    const passes = this.passes;
    spool.forEach((words, at) => {
      const low = words[at + 1] as number;
      if (low % passes !== pass) return;
      const [high, valueHigh, valueLow] = [words[at], words[at + 2], words[at + 3]] as number[];
      if (!this.#pair([high as number, low, valueHigh as number, valueLow as number]))
        this.#collisions.set("any", (this.#collisions.get("any") ?? 0) + 1);
    });
    this.#pairs = new TagTable();
  }
}

/** Pairs in a temporary file. */
class PairSpool {
  count = 0;
  readonly #file = new NamelessFile();
  readonly #buffer = new Uint32Array(BUFFERED_PAIRS * PAIR_WORDS);
  #buffered = 0;

  append(words: readonly [number, number, number, number]): void {
    if (this.#buffered === BUFFERED_PAIRS) this.#flush();
    this.#buffer.set(words, this.#buffered * PAIR_WORDS);
    this.#buffered++;
    this.count++;
  }

  /** Visits all pairs; `words[at .. at + 4)` is one. */
  forEach(visit: (words: Uint32Array, at: number) => void): void {
    this.#flush();
    const words = new Uint32Array(BUFFERED_PAIRS * PAIR_WORDS);
    const bytes = new Uint8Array(words.buffer);
    for (let position = 0; ; ) {
      const got = this.#file.read(bytes, position);
      if (got === 0) return;
      position += got;
      for (let at = 0; at < got / 4; at += PAIR_WORDS) visit(words, at);
    }
  }

  close(): void {
    this.#file.close();
  }

  #flush(): void {
    this.#file.append(new Uint8Array(this.#buffer.buffer, 0, this.#buffered * PAIR_BYTES));
    this.#buffered = 0;
  }
}
