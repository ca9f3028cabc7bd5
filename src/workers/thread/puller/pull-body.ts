// The body of one object of a pull, over all attempts that it takes: counted, checked, kept if it is a manifest, written if
// it is to be saved. Runs once per piece of a body.
import type { ResponseHead } from "../../../wire/exchange.ts";
import { BoardWord, type PullBoard } from "../../pull-board.ts";
import { BodyCheck } from "./body-check.ts";
import type { PullContext } from "./pull-context.ts";
import type { Wanted } from "./wanted-request.ts";

const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const SAMPLE_BYTES = 4096;

export class PullBody {
  /** Over all attempts that count, and of this attempt alone, refusals included. */
  bytes = 0;
  received = 0;
  /** Strong ETag of what was received, where the server told one and a resumed download may need it; else empty. */
  etag = "";
  /** What is received is the body, not the words of a refusal. */
  isContent = false;
  readonly #wanted: Wanted;
  readonly #board: PullBoard;
  readonly #check = new BodyCheck();
  readonly #pieces: Buffer[] = [];
  readonly #resumes: boolean;
  #isRefusal = false;
  #sample = "";

  constructor(wanted: Wanted, { board, plan }: Pick<PullContext, "board" | "plan">) {
    const { times, resumes } = plan.wire.profile.retry;
    this.#wanted = wanted;
    this.#board = board;
    this.#resumes = resumes && times > 0;
  }

  begin(): void {
    this.bytes = 0;
    this.etag = "";
    this.#check.begin(this.#wanted.digest);
  }

  beginAttempt(): void {
    this.received = 0;
    this.#sample = "";
    this.#pieces.length = 0;
  }

  /** The head has come: of the whole, which then begins anew, of the part that is missing, or of something else. */
  answered(head: ResponseHead): void {
    const { status } = head;
    if (status === 206) {
      this.isContent = this.bytes > 0 && rangeStart(head) === this.bytes;
      this.#isRefusal = false;
      if (!this.isContent) this.#sample = "another part than the one that was asked for";
      return;
    }
    this.isContent = status === 200;
    this.#isRefusal = !this.isContent;
    if (!this.isContent) return;
    if (this.bytes > 0) this.startOver();
    if (this.#resumes) this.etag = strongTag(head.value("etag"));
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

  /** False when a manifest is larger than any. */
  take(buffer: Buffer, from: number, to: number): boolean {
    this.received += to - from;
    if (!this.isContent) {
      if (this.#isRefusal && this.#sample.length < SAMPLE_BYTES)
        this.#sample += buffer.toString("latin1", from, to);
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

/** Where the part begins that the server has sent; NaN if it does not say. */
const rangeStart = (head: ResponseHead): number =>
  Number(/^bytes (\d+)-/.exec(head.value("content-range") ?? "")?.[1]);

/** It goes back into a line of a head. */
const strongTag = (tag = ""): string => (/^"[\x21\x23-\x7e]*"$/.test(tag) ? tag : "");
