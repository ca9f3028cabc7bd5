import type { ChecksResult } from "./output-checks.ts";
import { writeWhole } from "./partial-file.ts";

/** What the checks have counted and found, as a file; also where it is why a trace is refused. */
export function writeReport(
  path: string,
  { columns, quasiIdentifiers, leaks }: ChecksResult,
): void {
  const shares = quasiIdentifiers.map((group) => ({
    ...group,
    unique_share: group.rows === 0 ? 0 : group.singletons / group.rows,
  }));
  const report = { columns, quasi_identifiers: shares, leaks };
  writeWhole(path, `${JSON.stringify(report, null, 2)}\n`);
}
