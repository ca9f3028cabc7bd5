import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Results, Workplace } from "./workplace.ts";

const place = new Workplace();
after(() => place.leave());

test("drayage demo ends well, without a failed request, and leaves a report", async () => {
  const ended = await place.drayage(["demo", "--seconds", "2", "--out", "shown"]);
  // Exit code 5 says that this machine was too busy for the demo's rate: a finding, and not about the demo.
  assert.ok(ended.code === 0 || ended.code === 5, ended.err);
  assert.match(ended.out, /^(PASS|INVALID) /);
  const { totals, classes } = place.json<Results>("shown/run/results.json");
  assert.equal(totals.failed, 0, ended.out);
  assert.equal(totals.done, place.rows("shown/results.json").length);
  const operations = classes.map(({ operation }) => operation);
  for (const operation of ["get-blob", "get-manifest", "put-blob", "put-manifest", "ping"]) {
    assert.ok(operations.includes(operation), `no ${operation} in ${operations.join(", ")}`);
  }
  assert.match(place.text("shown/run/report.html"), /<html/);
  assert.match(ended.out, /shown\/run\/\n +report\.html/);
});

test("drayage demo --json prints one document, everything else goes to standard error", async () => {
  const ended = await place.drayage(["demo", "--seconds", "1", "--out", "again", "--json"]);
  const printed = JSON.parse(ended.out) as Results & { directory: string };
  assert.equal(printed.directory, "again/run");
  assert.equal(printed.totals.failed, 0);
  assert.match(ended.err, /^registry: embedded, on http:\/\/127\.0\.0\.1:\d+$/m);
});
