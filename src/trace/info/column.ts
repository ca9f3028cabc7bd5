// Numbers by the number of an object: grown by doubling, zero at first. `add` runs several times per record and allocates
// nothing otherwise. Guarded by perf/trace-info.bench.ts.

type Numbers = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
type Kind = "float64" | "uint32" | "uint8";

const LENGTH_AT_FIRST = 1024;

const makers: Readonly<Record<Kind, (length: number) => Numbers>> = {
  float64: (length) => new Float64Array(length),
  uint32: (length) => new Uint32Array(length),
  uint8: (length) => new Uint8Array(length),
};

export class Column {
  readonly #make: (length: number) => Numbers;
  #numbers: Numbers;

  constructor(kind: Kind) {
    this.#make = makers[kind];
    this.#numbers = this.#make(LENGTH_AT_FIRST);
  }

  at(row: number): number {
    return this.#numbers[row] ?? 0;
  }

  set(row: number, value: number): void {
    if (row >= this.#numbers.length) this.#grow(row);
    this.#numbers[row] = value;
  }

  add(row: number, by: number): void {
    this.set(row, this.at(row) + by);
  }

  #grow(row: number): void {
    let length = this.#numbers.length;
    while (length <= row) length *= 2;
    const longer = this.#make(length);
    longer.set(this.#numbers);
    this.#numbers = longer;
  }
}
