import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { placesKey } from "../../../src/cli/replay/engine-plan.ts";
import { sideFile } from "../../../src/cli/replay/side-file.ts";
import { load } from "../config-file.ts";

for (const { places, key } of [
  { places: { threads: 8, most: 4096 }, key: "client_info.threads" },
  { places: { threads: 8, most: 8 }, key: "client_info.threads" },
  { places: { threads: "auto", most: 4096 }, key: "run.max_in_flight" },
  { places: { threads: 9, most: 8 }, key: "run.max_in_flight" },
]) {
  const { threads, most } = places;
  test(`where ${threads} threads of at most ${most} are too few, ${key} is what to raise`, () => {
    const config = load(
      [
        "trace: {traces: [t.json]}",
        "registry: [localhost:5000]",
        "warmup: {output: map.json}",
        `client_info: {client_list: [local], threads: ${threads}}`,
        `run: {max_in_flight: ${most}}`,
      ].join("\n"),
    );
    assert.equal(placesKey(config), key);
  });
}

for (const { output, file } of [
  { output: "nowhere/rows.json", file: "nowhere/rows.json.skipped.ndjson" },
  { output: import.meta.filename, file: `${import.meta.filename}.skipped.ndjson` },
  { output: "/dev/null", file: undefined },
]) {
  test(`beside results in ${basename(output)} there ${file === undefined ? "are no" : "are"} skipped records`, () =>
    assert.equal(sideFile(output, "skipped.ndjson"), file));
}
