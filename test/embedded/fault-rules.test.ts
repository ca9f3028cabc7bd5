import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { millis } from "../../src/core/units.ts";
import { parseRule } from "../../src/embedded/fault-rule.ts";
import { FaultTable } from "../../src/embedded/fault-table.ts";

const request = (method: string, type: "blob" | "manifest" | "tags", name = "lib/app") => ({
  method,
  type,
  name,
});
const planned = (table: FaultTable, count: number): string =>
  Array.from({ length: count }, () =>
    table.plan(request("GET", "blob"), millis(0)).fault ? "x" : ".",
  ).join("");

test("faults: the same seed gives the same faults, another seed others", () => {
  const table = (seed: string) => new FaultTable(seed, [parseRule("blob=reset@0.3")], millis(0));
  const first = planned(table("1"), 200);
  assert.equal(first, planned(table("1"), 200));
  assert.notEqual(first, planned(table("2"), 200));
  const hits = first.replaceAll(".", "").length;
  assert.ok(hits > 30 && hits < 90, `${hits} of 200 at 0.3`);
});

test("faults: requests of other kinds do not change what a rule draws", () => {
  const rules = [parseRule("GET blob=reset@0.3"), parseRule("manifest=reset@0.5")];
  const [alone, mixed] = [
    new FaultTable("1", rules, millis(0)),
    new FaultTable("1", rules, millis(0)),
  ];
  for (let round = 0; round < 50; round++) {
    mixed.plan(request("GET", "manifest"), millis(0));
    assert.equal(planned(mixed, 1), planned(alone, 1));
  }
});

for (const { rule, hits } of [
  { rule: "=reset", hits: ["GET blob", "PUT manifest", "GET tags"] },
  { rule: "* = reset", hits: ["GET blob", "PUT manifest", "GET tags"] },
  { rule: "GET,HEAD=reset", hits: ["GET blob", "GET tags"] },
  { rule: "blob,tags=reset", hits: ["GET blob", "GET tags"] },
  { rule: "GET blob name~^lib/=reset", hits: ["GET blob"] },
  { rule: "GET,PUT blob,manifest=reset", hits: ["GET blob", "PUT manifest"] },
  { rule: "name~(?=lib)app=reset", hits: [] },
  { rule: "name~^(?=lib/app)=reset", hits: ["GET blob", "PUT manifest", "GET tags"] },
  { rule: "name~^other=reset", hits: [] },
]) {
  test(`fault match: "${rule}" is about ${hits.join(", ") || "nothing here"}`, () => {
    const seen = (["GET blob", "PUT manifest", "GET tags"] as const).filter((text) => {
      const [method, type] = text.split(" ") as ["GET", "blob"];
      const table = new FaultTable("", [parseRule(rule)], millis(0));
      return table.plan(request(method, type), millis(0)).fault !== undefined;
    });
    assert.deepEqual(seen, hits);
  });
}

for (const { dist, from, to } of [
  { dist: "fixed(20ms)", from: 20, to: 20 },
  { dist: "uniform(1ms,9ms)", from: 1, to: 9 },
  { dist: "lognormal(20ms,0)", from: 20, to: 20 },
  { dist: "lognormal(20ms,0.6)", from: 0.5, to: 700 },
]) {
  test(`latency ${dist} draws between ${from} and ${to} ms`, () => {
    const table = new FaultTable("1", [parseRule(`blob=${dist}`)], millis(0));
    const delays = Array.from(
      { length: 999 },
      () => table.plan(request("GET", "blob"), millis(0)).delayMs,
    );
    assert.ok(delays.every((delay) => delay >= from && delay <= to));
    if (dist === "lognormal(20ms,0.6)") {
      const median = delays.sort((a, b) => a - b)[499] as number;
      assert.ok(median > 17 && median < 23, `median ${median}`);
    }
  });
}

for (const wrong of [
  "blob",
  "blob=",
  "blob=explode",
  "blob=status",
  "blob=status(99)",
  "blob=status(503)@2",
  "blob=status(503)@",
  "blob=reset@every 0",
  "blob=reset@window(5s..1s)",
  "blob=truncate(1)",
  "blob=truncate()",
  "blob=stall(5)",
  "blob=reset(1)",
  "blob=redirect(nowhere)",
  "blob=redirect(http://\u00fc/)",
  "blob=status(429,retry-after=\u20ac)",
  "get=reset",
  "PUT blob=reset",
  "GET,PUT blob=reset",
  "HEAD blob,upload=reset",
  "blobs=reset",
  "name~(=reset",
  "blob=fixed(20)",
  "blob=uniform(9ms,1ms)",
  "blob=uniform(1ms)",
  "blob=lognormal(20ms,x)",
  "blob=lognormal(20ms,-1)",
]) {
  test(`rule "${wrong}" is refused in one line`, () => {
    assert.throws(
      () => parseRule(wrong),
      (error: unknown) => error instanceof UsageError && error.lines.length === 1,
    );
  });
}
