import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { InstanceEvent } from "../../../src/extract/nova-event.ts";
import { openInstanceTrace } from "../../../src/extract/output/instance-trace.ts";
import { goldenInstances, testSource, tracePlan } from "../golden-events.ts";

const event = (actionId: number, eventId: number, instanceId: number): InstanceEvent => ({
  ...(goldenInstances[0] as InstanceEvent),
  uuid: `uuid-${instanceId}`,
  name: `vm-${instanceId}`,
  actionId,
  eventId,
  instanceId,
});

async function written(rows: readonly InstanceEvent[], format: "csv" | "jsonl"): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "drayage-head-"));
  try {
    const output = join(folder, "trace");
    const sink = await openInstanceTrace(tracePlan(output, { sort: "id", format }));
    for (const row of rows) sink.write(row);
    await sink.finish(testSource);
    return readFileSync(output, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const row = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(9));

for (const format of ["csv", "jsonl"] as const) {
  test(`rows in any order give the ${format} that rows in order give`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { selector: ([a, e]) => `${a}/${e}`, maxLength: 60 }),
        async (rows) => {
          const events = rows.map(([a, e, i]) => event(a, e, i));
          const inOrder = events.toSorted(
            (a, b) => a.actionId - b.actionId || a.eventId - b.eventId,
          );
          assert.equal(await written(events, format), await written(inOrder, format));
        },
      ),
      { numRuns: 40 },
    );
  });
}

test("a row that comes late goes to its place among many that were written before it", async () => {
  const rows = Array.from({ length: 30_000 }, (_, at) => event(2 * at, at, at % 700));
  const late = event(20_001, 99_999, 3);
  const lines = (await written([...rows, late], "csv")).trimEnd().split("\n");
  assert.equal(lines.length, rows.length + 2);
  const inOrder = await written(
    [...rows, late].toSorted((a, b) => a.actionId - b.actionId),
    "csv",
  );
  assert.equal(lines.join("\n"), inOrder.trimEnd());
});

test("instances of two statements that share a number keep their own names", async () => {
  const first = { ...event(1, 1, 5), statement: 1 };
  const second = { ...event(2, 2, 5), uuid: "uuid-other", name: "vm-other", statement: 2 };
  const [, one, two] = (await written([first, second], "csv")).split("\n");
  assert.match(one ?? "", /vm-5/);
  assert.match(two ?? "", /vm-other/);
});
