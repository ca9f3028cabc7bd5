import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanos,
  formatRate,
  formatShare,
} from "../../src/report/number-format.ts";

const tables = {
  formatNanos: [
    formatNanos,
    [0, "0ns"],
    [812, "812ns"],
    [999.7, "1.00us"],
    [1234, "1.23us"],
    [99_960, "100us"],
    [999_499, "999us"],
    [999_500, "1.00ms"],
    [45_600_000, "45.6ms"],
    [7.891e9, "7.89s"],
    [3.6e12, "3600s"],
    [null, "-"],
    [Number.NaN, "-"],
  ],
  formatBytes: [
    formatBytes,
    [0, "0B"],
    [1000, "0.977KiB"],
    [1536, "1.50KiB"],
    [11.2 * 2 ** 30, "11.2GiB"],
    [null, "-"],
  ],
  formatCount: [formatCount, [0, "0"], [1_234_567, "1,234,567"], [null, "-"]],
  formatRate: [
    formatRate,
    [0, "0/s"],
    [0.25, "0.250/s"],
    [83.44, "83.4/s"],
    [12_345.4, "12,345/s"],
    [Number.POSITIVE_INFINITY, "-"],
  ],
  formatShare: [
    formatShare,
    [0, "0%"],
    [1, "100%"],
    [0.9931, "99.3%"],
    [0.99999, "99.9%"],
    [0.00001, "0.1%"],
    [null, "-"],
  ],
  formatDuration: [
    formatDuration,
    [0, "0.0 s"],
    [11.93, "11.9 s"],
    [125, "2 min 05 s"],
    [3599.7, "1 h 00 min"],
    [3720, "1 h 02 min"],
    [null, "-"],
  ],
} as const;

for (const [name, [format, ...rows]] of Object.entries(tables)) {
  for (const [value, text] of rows) {
    test(`${name}: ${value} is written ${text}`, () => assert.equal(format(value), text));
  }
}
