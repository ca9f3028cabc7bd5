type NumberArray = Float64Array | Uint8Array | Uint16Array;
type Maker<A extends NumberArray> = { new (length: number): A };

const FIRST_LENGTH = 1024;

/** A list of numbers of one machine type that grows by doubling. */
export class GrowingNumbers<A extends NumberArray> {
  #values: A;
  readonly #make: Maker<A>;
  length = 0;

  constructor(make: Maker<A>) {
    this.#make = make;
    this.#values = new make(FIRST_LENGTH);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new this.#make(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }
}
