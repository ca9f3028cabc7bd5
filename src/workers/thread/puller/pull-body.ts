// The body of one object of a pull, over all attempts that it takes: counted, checked, kept if it is a manifest, written if
// it is to be saved. Runs once per piece of a body.
import { BoardWord, type PullBoard } from "../../pull-board.ts";
import { BodyCheck } from "./body-check.ts";
import type { Wanted } from "./wanted-request.ts";

const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const SAMPLE_BYTES = 4096;

export class PullBody {
  /** Over all attempts that count, and of this attempt alone, refusals included. */
  bytes = 0;
  received = 0;
  readonly #wanted: Wanted;
  readonly #board: PullBoard;
  readonly #check = new BodyCheck();
  readonly #pieces: Buffer[] = [];
  #sample = "";

  constructor(wanted: Wanted, board: PullBoard) {
    this.#wanted = wanted;
    this.#board = board;
  }

  begin(): void {
    this.bytes = 0;
    this.#check.begin(this.#wanted.digest);
  }

  beginAttempt(): void {
    this.received = 0;
    this.#sample = "";
    this.#pieces.length = 0;
  }

  /** Length that the server announced. */
  expect(announced: number): void {
    this.#check.expect(announced);
  }

  /** What came before was in vain: it is sent from its beginning again. */
  startOver(): void {
    this.#board.add(BoardWord.wastedBytes, this.bytes);
    this.bytes = 0;
    this.#check.begin(this.#wanted.digest);
    this.#wanted.file?.restart();
  }

  /** False when a manifest is larger than any. `isContent` = not the words of a refusal. */
  take(
    buffer: Buffer,
    { from, to, isContent }: { from: number; to: number; isContent: boolean },
  ): boolean {
    this.received += to - from;
    if (!isContent) {
      if (this.#sample.length < SAMPLE_BYTES) this.#sample += buffer.toString("latin1", from, to);
      return true;
    }
    this.bytes += to - from;
    if (!this.#wanted.collects) {
      this.#check.take(buffer, from, to);
      this.#wanted.file?.write(buffer, from, to);
    } else if (this.bytes > MANIFEST_BYTES_MAX) return false;
    else this.#pieces.push(Buffer.from(buffer.subarray(from, to)));
    return true;
  }

  /** What is wrong with the complete body, if anything. Ask once. */
  judge(): { readonly special: string; readonly message: string } | undefined {
    const { size, digest, collects } = this.#wanted;
    if (size >= 0 && this.bytes !== size)
      return { special: "size", message: `${this.bytes} bytes instead of ${size}` };
    // A manifest's digest is the business of whoever asked for it.
    if (collects || digest === "" || this.#check.matches()) return undefined;
    return { special: "", message: `the body does not have the digest ${digest}` };
  }

  get collected(): Buffer {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }

  get sample(): Buffer {
    return Buffer.from(this.#sample, "latin1");
  }
}
