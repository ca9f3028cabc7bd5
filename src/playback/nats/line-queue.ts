/** Characters that may wait for the reader. Nothing tells a message server to wait, so who is slower than this is cut off. */
const WAITING_MAX = 64 << 20;

/** Lines from callbacks to whoever reads them in a loop. */
export class LineQueue implements AsyncIterable<string> {
  #lines: string[] = [];
  #waiting = 0;
  #failure: Error | undefined;
  #isEnded = false;
  #wake: () => void = () => {};

  push(line: string): void {
    if (this.#isEnded) return;
    this.#lines.push(line);
    this.#waiting += line.length;
    this.#wake();
    if (this.#waiting < WAITING_MAX) return;
    this.#lines.push(JSON.stringify({ type: "error", error: "slow consumer" }));
    this.end();
  }

  /** No line follows those that are there. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** The reader gets what is there, and then this. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const lines = this.#lines;
      this.#lines = [];
      for (const line of lines) {
        this.#waiting -= line.length;
        yield line;
      }
      if (this.#lines.length > 0) continue;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isEnded) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
