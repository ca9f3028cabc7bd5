import { UsageError } from "../../core/errors.ts";
import { readTime } from "../event-time.ts";
import { backupBytes } from "../machines/backup-bytes.ts";
import { DumpFault } from "../machines/dump-fault.ts";
import type { EventTime } from "../nova-event.ts";
import { csvFields, hasOpenQuote } from "../output/written-rows.ts";
import { jsonObject } from "../registry-log/distribution-log.ts";
import { logLines } from "../registry-log/log-lines.ts";
import { readPythonDictionary } from "./python-dictionary.ts";

/** A row of an instance or machine trace, whatever its version; texts as they stand there. */
export type EventRow = {
  /** Has as many fields as the header: otherwise its texts stand under wrong names. */
  readonly isWhole: boolean;
  readonly trace: "instances" | "machines";
  readonly event: string;
  readonly time: EventTime | undefined;
  readonly result: string;
  readonly host: string;
  /** Sizes: memory in MiB, disk in GiB, processors. */
  readonly flavor: readonly [number, number, number];
  readonly columns: readonly string[];
  /** Any column by its name. */
  readonly value: (column: string) => string;
};

type Values = Readonly<Record<string, unknown>>;

const QUOTED_LINES_MAX = 1000;

/** Rows of a published or extracted trace: CSV with LF or CR LF, or JSON lines, packed or not. */
export async function* eventRows(path: string): AsyncGenerator<EventRow> {
  try {
    yield* rowsIn(path);
  } catch (error) {
    if (!(error instanceof DumpFault)) throw error;
    throw new UsageError(`${path} ${error.message}`, { cause: error });
  }
}

async function* rowsIn(path: string): AsyncGenerator<EventRow> {
  let header: readonly string[] | undefined;
  for await (const record of records(path)) {
    if (record.startsWith("{")) {
      const values = jsonObject(record);
      if (values === undefined) throw new UsageError(`${path} has a line that is no JSON object`);
      yield rowOf(values, { path, isWhole: true });
      continue;
    }
    const fields = csvFields(record);
    if (header === undefined) {
      header = fields;
      continue;
    }
    const values = Object.fromEntries(header.map((name, at) => [name, fields[at] ?? ""]));
    yield rowOf(values, { path, isWhole: fields.length === header.length });
  }
}

/** Lines, those joined that a quoted field is spread over. */
async function* records(path: string): AsyncGenerator<string> {
  const joiner = new RecordJoiner(path);
  for await (const lines of logLines(backupBytes(path))) {
    for (const line of lines) {
      if (line === undefined)
        throw new UsageError(`${path} has a line of over 1 MiB: is it a trace?`);
      const record = joiner.take(line.replace(/\r$/, ""));
      if (record !== "") yield record;
    }
  }
  joiner.end();
}

class RecordJoiner {
  readonly #path: string;
  #open = "";
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The record that ends with this line; empty while a quote is open. */
  take(line: string): string {
    const record = this.#open === "" ? line : `${this.#open}\n${line}`;
    const isOpen = !record.startsWith("{") && hasOpenQuote(record);
    this.#open = isOpen ? record : "";
    this.#lines = isOpen ? this.#lines + 1 : 0;
    if (this.#lines > QUOTED_LINES_MAX) throw this.#unended();
    return isOpen ? "" : record;
  }

  /** What stands behind an open quote would be lost. */
  end(): void {
    if (this.#open !== "") throw this.#unended();
  }

  #unended(): UsageError {
    return new UsageError(`${this.#path} has a quote that does not end: is it a trace?`);
  }
}

function rowOf(values: Values, { path, isWhole }: { path: string; isWhole: boolean }): EventRow {
  const value = (column: string): string => textOf(values[column]);
  const isMachine = "EVENT_TIME" in values;
  if (!isMachine && !("START_TIME" in values && "EVENT" in values))
    throw new UsageError(
      `${path} is no trace of instance or machine events: it has neither START_TIME nor EVENT_TIME`,
    );
  return {
    isWhole,
    trace: isMachine ? "machines" : "instances",
    event: value("EVENT"),
    time: readTime(value(isMachine ? "EVENT_TIME" : "START_TIME")),
    result: value("RESULT"),
    host: value("HOST_NAME (PHYSICAL)"),
    flavor: flavorOf(values, isMachine),
    columns: Object.keys(values),
    value,
  };
}

/** Python's None and JSON's null are the same nothing. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || value === "None") return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function flavorOf(values: Values, isMachine: boolean): readonly [number, number, number] {
  const given = values.PROPERTIES;
  const properties: Values =
    typeof given === "object" && given !== null
      ? (given as Values)
      : readPythonDictionary(textOf(given));
  const of = (column: string, key: string): number => numberOf(values[column] ?? properties[key]);
  return isMachine
    ? [
        of("MEMORY_CAPACITY_MB", "memory_capability_mb"),
        of("DISK_CAPACITY_GB", "disk_capability_gb"),
        of("VCPU_CAPACITY", "vcpu_capability"),
      ]
    : [of("MEMORY_MB", "memory_mb"), of("DISK_GB", "root_gb"), of("VCPUS", "vcpus")];
}

/** Sizes that are absent or unreadable make a class of their own below all others. */
function numberOf(value: unknown): number {
  const text = textOf(value);
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : -1;
}
