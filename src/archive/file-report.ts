import type { Bytes } from "../core/units.ts";
import type { DamagedRange } from "./file-scan.ts";

/** What verification found in one file. */
export type FileReport = {
  readonly name: string;
  readonly bytes: Bytes;
  readonly isSealed: boolean;
  readonly records: number;
  readonly batches: number;
  readonly events: number;
  readonly images: number;
  readonly gaps: number;
  readonly paths: number;
  /** Stamps in µs; 0: no batch. */
  readonly firstStamp: number;
  readonly lastStamp: number;
  /** Written, but not committed: no damage, and not looked at. */
  readonly uncommittedBytes: Bytes;
  /** Bytes that are no record. */
  readonly damaged: readonly DamagedRange[];
  /** One sentence each: everything that is wrong, the damaged ranges included. */
  readonly problems: readonly string[];
};
