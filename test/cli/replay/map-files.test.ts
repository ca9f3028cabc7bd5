import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { loadReplayConfig } from "../../../src/cli/config/replay-config.ts";
import { requireApart } from "../../../src/cli/replay/apart.ts";
import { checkInputs } from "../../../src/cli/replay/map-files.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { load } from "../config-file.ts";

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

for (const { name, written, read = {}, says } of [
  { name: "results under a name of their own", written: "new.json", says: undefined },
  { name: "results in place of those of an earlier run", written: "old.json", says: undefined },
  { name: "what goes nowhere", written: "/dev/null", says: undefined },
  { name: "results that are a trace", written: "t.json", says: /t\.json is one of the traces/ },
  {
    name: "results that are a trace by another name",
    written: "./l.json",
    says: /one of the traces/,
  },
  {
    name: "results that are the map",
    written: "old.json",
    read: { "warmup.output": "old.json" },
    says: /trace\.output: .*old\.json is warmup\.output, which would be lost/,
  },
] as const) {
  test(`files that are read are not written: ${name}`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drayage-apart-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const file of ["t.json", "old.json"]) writeFileSync(join(folder, file), "");
    symlinkSync("t.json", join(folder, "l.json"));
    const inside = (path: string): string => resolve(folder, path);
    const paths = Object.entries(read).map(([key, path]) => [key, inside(path)]);
    const config = load(
      [
        `trace: {location: "${folder}", traces: [t.json]}`,
        "registry: [localhost:5000]",
        "warmup: {output: map.json}",
        "client_info: {client_list: [local]}",
      ].join("\n"),
    );
    const check = (): void =>
      requireApart(config, {
        read: Object.fromEntries(paths),
        written: { "trace.output": inside(written), "--plan": undefined },
      });
    if (says === undefined) check();
    else assert.throws(check, (error) => error instanceof UsageError && says.test(error.message));
  });
}
