// One table of events, from clear rows to a file. `write` runs once per row, guarded by perf/extract-stream.bench.ts.
//
//   write:   row -> cells (masked) -> [moved times, text] -> partial file             rows that stay in their order, or come in it
//                                  -> [moved times, text] -> line sorter              rows to be sorted, from the first on that is not
//                                  -> cells as JSON       -> line sorter              Parquet, relative time: moved later
//   finish:  collisions -> sorter to file -> fsync -> leak scan, uniqueness -> rename -> manifest
import { setImmediate as turn } from "node:timers/promises";
import { invariant, UsageError } from "../../core/errors.ts";
import type { DistinctValues } from "../masking/distinct-values.ts";
import type { ScannedColumn } from "../masking/leak-scan.ts";
import { shiftUs } from "../masking/time-shift.ts";
import type { RowSink, SourceReport, TraceReport } from "../row-sink.ts";
import type { TracePlan } from "../trace-plan.ts";
import { CsvLine, csvHeader } from "./csv-line.ts";
import { deliver, requirePlaces } from "./delivery.ts";
import type { HostJoin } from "./host-join.ts";
import { JsonLine } from "./json-line.ts";
import { LineSorter, type SortedLine } from "./line-sorter.ts";
import { type FieldFate, manifestOf } from "./manifest.ts";
import { OrderedHead } from "./ordered-head.ts";
import { checkCollisions, checkOutput, checksPlanOf } from "./output-checks.ts";
import { PartialFile } from "./partial-file.ts";
import type { Cell, Column, SortKey, TableLayout } from "./table-layout.ts";
import { TimeCells } from "./time-cells.ts";
import { writtenRows } from "./written-rows.ts";

const ROWS_PER_TURN = 1 << 14;

/** What the tables of different events differ in. */
export type TableKind<Row> = {
  readonly name: string;
  readonly layout: TableLayout;
  /** Fills the cells of a row, its texts masked, its times unmoved, and the key that it is sorted by. */
  readonly fill: (row: Row, cells: Cell[], key: SortKey) => void;
  /** Whether `fill` gives a key; without one rows keep their order. */
  readonly sorts: boolean;
  readonly scanned: readonly ScannedColumn[];
  readonly fields: readonly FieldFate[];
  readonly racks?: number;
  /** What `fill` tells the hosts to, to compare them with another trace. */
  readonly join?: HostJoin | undefined;
};

export class TableTrace<Row> implements RowSink<Row> {
  readonly #plan: TracePlan;
  readonly #kind: TableKind<Row>;
  readonly #distinct: DistinctValues;
  readonly #file: PartialFile;
  readonly #sorter: LineSorter | undefined;
  readonly #head: OrderedHead | undefined;
  readonly #isLate: boolean;
  readonly #csv: CsvLine | undefined;
  readonly #json: JsonLine;
  readonly #shift: number;
  readonly #cells: Cell[];
  readonly #key: SortKey = [0, 0, 0];
  readonly #timeColumns: readonly number[];
  #times: TimeCells;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  #rows = 0;
  #isEnded = false;

  constructor(
    plan: TracePlan,
    { kind, distinct }: { kind: TableKind<Row>; distinct: DistinctValues },
  ) {
    const { columns } = kind.layout;
    refuseUnknownColumns(plan.allowLeaks, columns);
    this.#plan = plan;
    this.#kind = kind;
    this.#distinct = distinct;
    this.#shift = shiftUs(plan.time.shift, plan.masking);
    this.#isLate = plan.format === "parquet" || plan.time.base === "relative";
    this.#csv = plan.format === "csv" ? this.#csvLine(columns) : undefined;
    this.#json = new JsonLine(columns);
    this.#cells = columns.map(() => null);
    this.#timeColumns = columns.flatMap((column, at) => (column.kind === "time" ? [at] : []));
    this.#times = this.#timesMovedBy(this.#shift);
    const needsSorter = kind.sorts || this.#isLate;
    this.#sorter = needsSorter ? new LineSorter(plan.memoryBytes / 2) : undefined;
    requirePlaces(plan);
    // Last of what may fail: nobody would remove it.
    this.#file = new PartialFile(plan.output);
    this.#head = needsSorter && !this.#isLate ? new OrderedHead() : undefined;
    this.#writeHeader();
  }

  #writeHeader(): void {
    const { version } = this.#plan;
    if (this.#csv !== undefined) this.#file.write(csvHeader(this.#kind.layout.columns, version));
  }

  write(row: Row): boolean {
    this.#kind.fill(row, this.#cells, this.#key);
    this.#notePeriod();
    this.#rows++;
    if (this.#isLate) this.#sorter?.add(JSON.stringify(this.#cells), this.#key);
    else this.#put();
    // Writing is synchronous, a mebibyte at a time into the system's cache: there is never anything to wait for.
    return true;
  }

  async drained(): Promise<void> {
    // Nothing waits, see `write`.
  }

  async finish(source: SourceReport): Promise<TraceReport> {
    invariant(!this.#isEnded, "a trace is finished once");
    checkCollisions(this.#distinct);
    if (this.#isLate) this.#times = this.#timesMovedBy(this.#lateShift());
    await this.#writeSorted(source);
    const sha256 = this.#file.complete();
    const checks = await checkOutput(() => this.#readBack(), {
      plan: checksPlanOf(this.#plan, {
        columns: this.#kind.scanned,
        quasiIdentifiers: this.#kind.layout.quasiIdentifiers,
      }),
      rowCount: this.#rows,
      distinct: this.#distinct,
      plainCsv: this.#isPlainCsv() ? () => this.#file.pieces() : undefined,
    });
    const facts = { sha256, bytes: this.#file.bytes };
    // Made when all is written: only then it is known how many rows suffered from it.
    const warnings = this.#warnings();
    const manifest = this.#manifest(source);
    await deliver(this.#file, { plan: this.#plan, manifest, facts, checks });
    this.#end();
    if (this.#kind.join !== undefined) this.#plan.notice(this.#kind.join.sentence());
    return { path: this.#plan.output, rows: this.#rows, bytes: this.#file.bytes, sha256, warnings };
  }

  async abort(): Promise<void> {
    if (this.#isEnded) return;
    this.#end();
    if (this.#plan.keepPartial) this.#file.keep();
    else this.#file.discard();
  }

  #end(): void {
    this.#isEnded = true;
    this.#sorter?.close();
    this.#head?.close();
    this.#distinct.close();
  }

  #csvLine(columns: readonly Column[]): CsvLine {
    const { version, quoting, masking } = this.#plan;
    return new CsvLine(columns, { version, quoting, masked: masking.method !== "none" });
  }

  /** A row whose place in time is known. */
  #put(): void {
    this.#times.apply(this.#cells);
    const sorter = this.#sorter;
    if (sorter === undefined) this.#putIntoFile(this.#cells);
    else if (this.#head?.takes(this.#key) === true) {
      const from = this.#file.end;
      this.#putIntoFile(this.#cells);
      this.#head.note(this.#key, this.#file.end - from);
    } else if (this.#csv === undefined) sorter.add(this.#json.of(this.#cells), this.#key);
    else {
      const bytes = sorter.reserve(this.#csv.most(this.#cells));
      sorter.keep(this.#csv.write(this.#cells, bytes, sorter.at), this.#key);
    }
  }

  #putIntoFile(cells: readonly Cell[]): void {
    const file = this.#file;
    if (this.#csv === undefined) file.write(this.#json.of(cells));
    else {
      const bytes = file.reserve(this.#csv.most(cells));
      file.advance(this.#csv.write(cells, bytes, file.at));
    }
  }

  #notePeriod(): void {
    for (const at of this.#timeColumns) {
      const time = this.#cells[at] as number | null;
      if (time === null) continue;
      if (time < this.#earliest) this.#earliest = time;
      if (time > this.#latest) this.#latest = time;
    }
  }

  #timesMovedBy(shift: number): TimeCells {
    const { epoch, time } = this.#plan;
    const { columns } = this.#kind.layout;
    return new TimeCells(columns, { epoch, shift, round: time.roundMs * 1000 });
  }

  /** With relative time the first event is at the zero of the seconds. */
  #lateShift(): number {
    if (this.#plan.time.base === "absolute" || this.#rows === 0) return this.#shift;
    return this.#shift + (Number.isFinite(this.#earliest) ? this.#plan.epoch - this.#earliest : 0);
  }

  async #writeSorted(source: SourceReport): Promise<void> {
    if (this.#sorter === undefined) return;
    if (this.#head !== undefined) return this.#mergeHead(this.#sorter, this.#head);
    const parquet = await this.#parquet();
    let rows = 0;
    for (const line of this.#sorter.lines()) {
      if (parquet !== undefined) parquet.add(this.#lateCells(line));
      else this.#putIntoFile(this.#lateCells(line));
      // Signals are heard between turns of the event loop only.
      if (++rows % ROWS_PER_TURN === 0) await turn();
    }
    parquet?.finish(this.#manifest(source));
  }

  /** Nothing to do if all rows came in order. */
  async #mergeHead(sorter: LineSorter, head: OrderedHead): Promise<void> {
    if (sorter.isEmpty) return;
    const aside = this.#file.setAside();
    try {
      this.#writeHeader();
      let rows = 0;
      for (const line of sorter.lines(head.run(aside, this.#file.end))) {
        this.#file.copyBytes(line);
        if (++rows % ROWS_PER_TURN === 0) await turn();
      }
    } finally {
      aside.close();
    }
  }

  /** Loaded when it is needed: most traces are text. */
  async #parquet() {
    if (this.#plan.format !== "parquet") return undefined;
    const { ParquetFile } = await import("./parquet-file.ts");
    return new ParquetFile(this.#kind.layout.columns, this.#file);
  }

  #lateCells({ bytes, from, to }: SortedLine): Cell[] {
    const cells: Cell[] = JSON.parse(bytes.toString("utf8", from, to));
    this.#times.apply(cells);
    return cells;
  }

  /** Whether every comma of the file separates two fields and every line feed ends a row. */
  #isPlainCsv(): boolean {
    const csv = this.#csv;
    if (csv === undefined || this.#plan.version === "v0.3") return false;
    return csv.quotedFields === 0 && csv.brokenRows === 0;
  }

  /** The rows of the finished file. Those of Parquet are read from where they were put in order. */
  *#readBack(): Generator<readonly string[]> {
    const { format } = this.#plan;
    const { columns } = this.#kind.layout;
    if (format !== "parquet") {
      const keys = columns.map(({ name }) => name);
      yield* writtenRows(this.#file.pieces(), { format, keys });
      return;
    }
    for (const line of this.#sorter?.lines() ?? []) {
      yield this.#lateCells(line).map((cell) => (cell === null ? "" : cellText(cell)));
    }
  }

  #warnings(): readonly string[] {
    const rows = this.#csv?.brokenRows ?? 0;
    const what = "a comma, a quote or a line end that --csv-quoting original leaves unquoted";
    if (rows === 0) return [];
    return [rows === 1 ? `1 row holds ${what}` : `${rows} rows hold ${what}`];
  }

  #manifest(source: SourceReport): Readonly<Record<string, unknown>> {
    const [plan, kind] = [this.#plan, this.#kind];
    const shift = this.#isLate ? this.#lateShift() : this.#shift;
    return manifestOf({
      format: { name: kind.name, version: plan.version, encoding: plan.format },
      toolVersion: plan.toolVersion,
      commandLine: plan.commandLine,
      source,
      period:
        this.#latest < this.#earliest ? undefined : [this.#earliest + shift, this.#latest + shift],
      epoch: plan.epoch,
      rowsWritten: this.#rows,
      fields: kind.fields,
      masking: plan.masking,
      time: plan.time,
      racks: kind.racks,
      join: kind.join?.result(),
      warnings: this.#warnings(),
    });
  }
}

const cellText = (cell: Exclude<Cell, null>): string =>
  typeof cell === "object" ? JSON.stringify(cell) : String(cell);

function refuseUnknownColumns(names: readonly string[], columns: readonly Column[]): void {
  const unknown = names.filter((name) => !columns.some((column) => column.name === name));
  if (unknown.length > 0)
    throw new UsageError(
      `--allow-leaks ${unknown[0]} is no column: choose from ${columns.map(({ name }) => name).join(", ")}`,
    );
}
