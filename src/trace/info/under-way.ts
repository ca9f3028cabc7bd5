/** Ends of the requests that are under way: a binary heap, the earliest on top. Grows with concurrency, not with requests. */
export class UnderWay {
  #ends = new Float64Array(1024);
  count = 0;

  /** Forgets what has ended by `now`, takes a request that ends at `end`, and returns how many are under way, itself included. */
  arrive(now: number, end: number): number {
    while (this.count > 0 && (this.#ends[0] as number) <= now) this.#drop();
    if (end <= now) return this.count + 1;
    this.#add(end);
    return this.count;
  }

  #add(end: number): void {
    if (this.count === this.#ends.length) {
      const longer = new Float64Array(2 * this.count);
      longer.set(this.#ends);
      this.#ends = longer;
    }
    let place = this.count++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#ends[parent] as number;
      if (above <= end) break;
      this.#ends[place] = above;
      place = parent;
    }
    this.#ends[place] = end;
  }

  #drop(): void {
    const last = this.#ends[--this.count] as number;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.count) break;
      if (
        child + 1 < this.count &&
        (this.#ends[child + 1] as number) < (this.#ends[child] as number)
      )
        child++;
      const below = this.#ends[child] as number;
      if (below >= last) break;
      this.#ends[place] = below;
      place = child;
    }
    this.#ends[place] = last;
  }
}
