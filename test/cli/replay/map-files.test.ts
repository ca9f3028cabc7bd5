import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadReplayConfig } from "../../../src/cli/config/replay-config.ts";
import { checkInputs } from "../../../src/cli/replay/map-files.ts";
import { UsageError } from "../../../src/core/errors.ts";

for (const { name, files, says } of [
  { name: "with both there is nothing to say", files: ["t.json", "map.json"], says: undefined },
  { name: "without the trace", files: ["map.json"], says: /t\.json: no such file/ },
  { name: "without the map", files: ["t.json"], says: /cannot read the map .*drayage warmup/ },
]) {
  test(`inputs of a run, before results of an earlier one are overwritten: ${name}`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drayage-inputs-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const file of files) writeFileSync(join(folder, file), "");
    const path = join(folder, "config.yaml");
    writeFileSync(
      path,
      [
        `trace: {location: "${folder}", traces: [t.json]}`,
        `registry: ["127.0.0.1:1"]`,
        `warmup: {output: "${folder}/map.json"}`,
        `client_info: {client_list: [local]}`,
      ].join("\n"),
    );
    const given = { path, overrides: [], env: {}, local: undefined };
    const config = loadReplayConfig({ ...given, mode: "run" });
    if (says === undefined) checkInputs(config);
    else
      assert.throws(
        () => checkInputs(config),
        (error) => error instanceof UsageError && says.test(error.message),
      );
  });
}
