// Pseudonyms of the instances seen lately. Rows that are read along the actions change instance from row to row, and five
// texts a row to hash and compare are a third of an extraction's time; one number is not. Runs once per row, guarded by
// perf/extract-stream.bench.ts.
import type { InstanceEvent } from "../nova-event.ts";

export type Owner = {
  readonly uuid: string;
  readonly name: string;
  readonly user: string;
  readonly project: string;
  /** Unless rows tell the event's own host. */
  readonly host: string;
};

/** Instances remembered per half: when the younger half is full, the older one is forgotten. */
const HALF_MIN = 32_768;
/** The five references, the object and its place in the map; texts are shared with what is remembered of each class. */
const ENTRY_BYTES = 120;
const MEMORY_SHARE = 16;

export class OwnerMemory {
  readonly #half: number;
  #younger = new Map<number, Owner>();
  #older = new Map<number, Owner>();
  #statement = 0;

  constructor(memoryBytes: number) {
    this.#half = Math.max(HALF_MIN, Math.floor(memoryBytes / MEMORY_SHARE / ENTRY_BYTES / 2));
  }

  /** The masked owner of the row; `mask` makes it if this instance was not seen lately. */
  of(row: InstanceEvent, mask: (row: InstanceEvent) => Owner): Owner {
    if (row.statement !== this.#statement) this.#forget(row.statement);
    const young = this.#younger.get(row.instanceId);
    if (young !== undefined) return young;
    const owner = this.#older.get(row.instanceId) ?? mask(row);
    if (this.#younger.size >= this.#half) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(row.instanceId, owner);
    return owner;
  }

  /** The same number means another instance in another table. */
  #forget(statement: number): void {
    this.#younger = new Map();
    this.#older = new Map();
    this.#statement = statement;
  }
}
