// Readers for the reader thread, as a user's module has them.

export class CountingReader {
  readonly #count: number;
  #at = 0;

  constructor(count: number) {
    this.#count = count;
  }

  read(): unknown {
    if (this.#at >= this.#count) return null;
    const index = this.#at++;
    return { elapsed_time: index / 1000, topic: "count", payload: index };
  }

  isDataPending(): boolean {
    return this.#at < this.#count;
  }

  reset(): void {
    this.#at = 0;
  }
}

/** Delivers slower than real time: an item each 10 ms, of which the log says 1 ms. */
export class SlowReader extends CountingReader {
  override read(): unknown {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return super.read();
  }
}

/** Delivers four items at once and is then held up for 300 ms, again and again. */
export class HaltingReader extends CountingReader {
  #reads = 0;

  override read(): unknown {
    if (this.#reads > 0 && this.#reads % 4 === 0)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    this.#reads++;
    return super.read();
  }
}
