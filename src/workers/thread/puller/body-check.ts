// Whether a body has the digest that was asked for. Runs once per piece of a body; makes a hash state for bodies in several
// pieces, one string for the others.
import { createHash, type Hash, hash } from "node:crypto";

const ALGORITHMS: ReadonlySet<string> = new Set(["sha256", "sha512"]);

/** Algorithm and hexadecimal digits of a digest; `undefined` for one that cannot be checked here. */
export function digestParts(digest: string): { algorithm: string; hex: string } | undefined {
  const at = digest.indexOf(":");
  const algorithm = digest.slice(0, at);
  return ALGORITHMS.has(algorithm) ? { algorithm, hex: digest.slice(at + 1) } : undefined;
}

export class BodyCheck {
  #algorithm = "";
  #hex = "";
  #announced = -1;
  #bytes = 0;
  #hash: Hash | undefined;
  #made = "";

  /** An empty digest, or one of an unknown algorithm, is not checked. */
  begin(digest: string): void {
    const parts = digest === "" ? undefined : digestParts(digest);
    this.#algorithm = parts?.algorithm ?? "";
    this.#hex = parts?.hex ?? "";
    this.#announced = -1;
    this.#bytes = 0;
    this.#hash = undefined;
    this.#made = "";
  }

  /** Length of the body, or -1. */
  expect(announced: number): void {
    this.#announced = announced;
  }

  take(buffer: Buffer, from: number, to: number): void {
    if (this.#algorithm === "") return;
    const piece = buffer.subarray(from, to);
    // Most blobs of a test set arrive in one piece: one call, no state.
    if (this.#bytes === 0 && piece.length === this.#announced) {
      this.#made = hash(this.#algorithm, piece, "hex");
    } else {
      this.#hash ??= createHash(this.#algorithm);
      this.#hash.update(piece);
    }
    this.#bytes += piece.length;
  }

  /** Ask once, when the body is complete. */
  matches(): boolean {
    if (this.#algorithm === "") return true;
    if (this.#hash !== undefined) this.#made = this.#hash.digest("hex");
    else if (this.#bytes === 0) this.#made = hash(this.#algorithm, "", "hex");
    return this.#made === this.#hex;
  }
}
