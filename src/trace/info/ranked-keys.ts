import { ByteMap } from "../byte-map.ts";
import { Column } from "./column.ts";

/** One of the commonest: how many records name it, and the bytes of their bodies. */
export type RankedKey = { readonly key: string; readonly records: number; readonly bytes: number };

/** Distinct texts, numbered in order of appearance, with the records that name each. Runs several times per record. */
export class RankedKeys {
  readonly keys = new ByteMap();
  readonly records = new Column("uint32");
  readonly #bytes = new Column("float64");

  get size(): number {
    return this.keys.size;
  }

  /** Counts one more record of the key `buffer[from..to)`, and returns the number of the key. */
  add(buffer: Buffer, from: number, to: number, bytes: number): number {
    const number = this.keys.add(buffer, from, to);
    this.records.add(number, 1);
    if (bytes > 0) this.#bytes.add(number, bytes);
    return number;
  }

  /** The keys with the most records, equals in order of appearance; only those that `counts` accepts. */
  top(most: number, counts: (number: number) => boolean = () => true): RankedKey[] {
    const best: number[] = [];
    for (let number = 0; number < this.size; number++) {
      const last = best[most - 1];
      const records = this.records.at(number);
      if (last !== undefined && records <= this.records.at(last)) continue;
      if (!counts(number)) continue;
      let place = Math.min(best.length, most - 1);
      while (place > 0 && this.records.at(best[place - 1] as number) < records) place--;
      best.splice(place, 0, number);
      best.length = Math.min(best.length, most);
    }
    return best.map((number) => ({
      key: this.keys.keyOf(number).toString("utf8"),
      records: this.records.at(number),
      bytes: this.#bytes.at(number),
    }));
  }
}
