import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf, spreadOfDistribution } from "../../../src/cli/calibrate/spread.ts";
import { distributionOf } from "../../stats/samples.ts";

const upTo = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => count - index);

for (const { name, values, spread } of [
  { name: "nothing", values: [], spread: { count: 0, p50: null, p99: null, max: null } },
  { name: "few values", values: [3, -1, 2], spread: { count: 3, p50: null, p99: null, max: 3 } },
  { name: "20 values", values: upTo(20), spread: { count: 20, p50: 10, p99: null, max: 20 } },
  {
    name: "1000 values",
    values: upTo(1000),
    spread: { count: 1000, p50: 500, p99: 990, max: 1000 },
  },
]) {
  test(`spread: of ${name}, percentiles stand where there are enough`, () => {
    assert.deepEqual(spreadOf(values), spread);
    const positive = values.filter((value) => value > 0);
    if (positive.length === values.length)
      assert.deepEqual(spreadOfDistribution(distributionOf(values)), spread);
  });
}
