// Keys of records that mean nothing to drayage. The reader skips them without a look, which is why only the beginning of
// each file is searched for them, apart from reading.

import { traceKeys } from "../raw-record.ts";
import { markLength } from "../trace-format.ts";
import { TraceInput } from "../trace-input.ts";

/** Uncompressed bytes looked at in each file: some 140 records. */
const LOOK_BYTES = 64 << 10;
const STRING_OR_BRACE = /"(?:[^"\\]|\\.)*"|[{}]/g;
const known: ReadonlySet<string> = new Set(traceKeys);

/** Unknown keys with the records that have them, among those looked at. */
export type ExtraKeys = {
  readonly keys: Readonly<Record<string, number>>;
  readonly recordsLookedAt: number;
};

export class ExtraKeySearch {
  readonly #keys = new Map<string, number>();
  #records = 0;

  async look(path: string): Promise<void> {
    const head = await beginningOf(path);
    const text = head.toString("utf8", markLength(head)).trimStart();
    if (text.startsWith("[") || text.startsWith("{")) this.#json(text);
    else if (text.includes("http.request.uri")) this.#csv(text);
  }

  facts(): ExtraKeys {
    return { keys: Object.fromEntries(this.#keys), recordsLookedAt: this.#records };
  }

  #json(text: string): void {
    for (const object of completeObjects(text)) {
      this.#records++;
      for (const key of keysOf(object)) this.#note(key, 1);
    }
  }

  /** Every row has the columns of the header. */
  #csv(text: string): void {
    const lines = text.split(/\r?\n/);
    const rows = Math.max(0, lines.length - 2);
    this.#records += rows;
    const columns = (lines[0] ?? "").split(",").map((name) => name.trim().replace(/^"|"$/g, ""));
    for (const column of columns) this.#note(column, rows);
  }

  #note(key: string, records: number): void {
    if (key !== "" && !known.has(key)) this.#keys.set(key, (this.#keys.get(key) ?? 0) + records);
  }
}

function keysOf(object: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(object);
    return typeof parsed === "object" && parsed !== null ? Object.keys(parsed) : [];
  } catch {
    // Broken records are the reader's business.
    return [];
  }
}

/** Texts of the objects that are complete, outermost braces only. */
function* completeObjects(text: string): Generator<string> {
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(STRING_OR_BRACE)) {
    if (token === "{" && depth++ === 0) start = index;
    if (token === "}" && --depth === 0) yield text.slice(start, index + 1);
  }
}

async function beginningOf(path: string): Promise<Buffer> {
  const input = await TraceInput.open(path);
  try {
    const head = Buffer.alloc(LOOK_BYTES);
    let filled = 0;
    for (;;) {
      const got = await input.read(head, filled, LOOK_BYTES - filled);
      filled += got;
      if (got === 0 || filled === LOOK_BYTES) return head.subarray(0, filled);
    }
  } finally {
    await input.close();
  }
}
