import { CheckFailure } from "../check-failure.ts";
import type { DistinctValues } from "../masking/distinct-values.ts";
import { LeakScan, type ScannedColumn } from "../masking/leak-scan.ts";
import {
  type CountedGroup,
  type GroupCounts,
  Uniqueness,
  uniquenessPasses,
} from "../masking/uniqueness.ts";
import type { TracePlan } from "../trace-plan.ts";
import { writeReport } from "./check-report.ts";
import { PlainCsvScan } from "./plain-csv-scan.ts";

export type ChecksPlan = {
  readonly columns: readonly ScannedColumn[];
  readonly quasiIdentifiers: readonly {
    readonly name: string;
    readonly columns: readonly string[];
  }[];
  readonly allowLeaks: readonly string[];
  readonly minK: number;
  /** Path of a report on what was counted and found. */
  readonly report: string | undefined;
  /** False with masking `none`: all of it is clear text, and there is nothing to look for. */
  readonly scans: boolean;
  readonly memoryBytes: number;
};

/** What the plan of a trace says about its checks. */
export function checksPlanOf(
  { allowLeaks, minK, report, masking, memoryBytes }: TracePlan,
  table: Pick<ChecksPlan, "columns" | "quasiIdentifiers">,
): ChecksPlan {
  return {
    ...table,
    allowLeaks,
    minK,
    report,
    scans: masking.method !== "none",
    memoryBytes,
  };
}

export type ChecksResult = {
  readonly columns: readonly GroupCounts[];
  readonly quasiIdentifiers: readonly GroupCounts[];
  readonly leaks: readonly {
    readonly column: string;
    readonly row: number;
    readonly what: string;
    readonly count: number;
  }[];
};

/** Two clear texts with one pseudonym would make two things look like one. Throws a CheckFailure. */
export function checkCollisions(distinct: DistinctValues): void {
  const [first] = distinct.collisions();
  if (first === undefined) return;
  const where = first.className === "any" ? "a class" : `class ${first.className}`;
  throw new CheckFailure(
    `${first.count} different values of ${where} share their pseudonym with another one: nothing was written; use another key, or a method with more digits`,
  );
}

export type ChecksInput = {
  readonly plan: ChecksPlan;
  readonly rowCount: number;
  readonly distinct: DistinctValues;
  /** The bytes of the output from the first on, each time it is called, if it is CSV without quotes. */
  readonly plainCsv?: (() => Iterable<Buffer>) | undefined;
};

/**
 * Reads the rows that were written as often as the memory asks for, looks for leaks and counts. `rows` gives all rows from
 * the first on, each time it is called. Throws a CheckFailure for a leak that is not allowed, or for too small a class.
 */
export async function checkOutput(
  rows: () => Iterable<readonly string[]>,
  { plan, rowCount, distinct, plainCsv }: ChecksInput,
): Promise<ChecksResult> {
  const scan = new LeakScan(plan.columns, distinct);
  const groups = countedGroups(plan);
  const isCounting = plan.report !== undefined || plan.minK > 0;
  const countPasses = uniquenessPasses(rowCount * groups.length, plan.memoryBytes / 2);
  const uniqueness = new Uniqueness(groups, countPasses);
  const passes = Math.max(plan.scans ? distinct.passes : 0, isCounting ? countPasses : 0);
  for (let pass = 0; pass < passes; pass++) {
    const isScanning = plan.scans && pass < distinct.passes;
    const isCountingNow = isCounting && pass < countPasses;
    if (isScanning) {
      distinct.loadClear(pass);
      scan.nextPass();
    }
    if (plainCsv !== undefined && !isCountingNow) await scanBytes(plainCsv(), { plan, scan });
    else
      await eachRow(rows(), (fields, row) => {
        if (isScanning) scan.row(fields, row);
        if (isCountingNow) uniqueness.row(fields);
      });
    if (isCountingNow) uniqueness.endPass();
  }
  const counts = isCounting ? uniqueness.counts() : [];
  const result = {
    columns: counts.slice(0, plan.columns.length),
    quasiIdentifiers: counts.slice(plan.columns.length),
    leaks: [...scan.leaks.values()].map((leak) => ({
      ...leak,
      count: scan.counts.get(leak.column) ?? 1,
    })),
  };
  if (plan.report !== undefined) writeReport(plan.report, result);
  refuseLeaks(result, plan.allowLeaks);
  refuseSmallClasses(result, plan.minK);
  return result;
}

async function scanBytes(
  pieces: Iterable<Buffer>,
  { plan, scan }: { plan: ChecksPlan; scan: LeakScan },
): Promise<void> {
  const bytes = new PlainCsvScan(plan.columns, scan);
  for (const piece of pieces) {
    bytes.take(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const ROWS_PER_TURN = 1 << 14;

async function eachRow(
  rows: Iterable<readonly string[]>,
  visit: (fields: readonly string[], row: number) => void,
): Promise<void> {
  let row = 0;
  for (const fields of rows) {
    visit(fields, ++row);
    // Signals are heard between turns of the event loop only.
    if (row % ROWS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Every column on its own, then the combinations. */
function countedGroups({ columns, quasiIdentifiers }: ChecksPlan): CountedGroup[] {
  const place = (name: string): number => columns.findIndex((column) => column.name === name);
  return [
    ...columns.map(({ name }, at) => ({ name, columns: [at] })),
    ...quasiIdentifiers.map(({ name, columns: names }) => ({ name, columns: names.map(place) })),
  ];
}

function refuseLeaks({ leaks }: ChecksResult, allowed: readonly string[]): void {
  const refused = leaks.filter(({ column }) => !allowed.includes(column));
  if (refused.length === 0) return;
  const places = refused.map(
    ({ column, row, what, count }) =>
      `column ${column} holds ${what} in row ${row}${count > 1 ? ` and ${count - 1} more` : ""}`,
  );
  const [{ column } = { column: "COLUMN" }] = refused;
  throw new CheckFailure(
    `leak scan: ${places.join("; ")}. Nothing was written; --allow-leaks "${column}" accepts it`,
  );
}

function refuseSmallClasses({ quasiIdentifiers }: ChecksResult, minK: number): void {
  const small = quasiIdentifiers.filter(
    ({ smallestClass, rows }) => rows > 0 && smallestClass < minK,
  );
  if (small.length === 0) return;
  const places = small.map(({ name, smallestClass }) => `${name} (${smallestClass})`);
  throw new CheckFailure(
    `--min-k ${minK}: fewer rows than that share ${places.join(", ")}. Nothing was written; mask more (--time-round) or lower --min-k`,
  );
}
