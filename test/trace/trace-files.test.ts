import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { traceFiles } from "../../src/trace/trace-files.ts";
import { folderWith, native, readAll } from "./fixtures.ts";

const names = ["b-0.json", "b-1.json.gz", "a-0.json", "notes.md", "c[1].json"];
const files = Object.fromEntries(names.map((name) => [name, "[]"]));

const expansions: readonly (readonly [string[], string[]])[] = [
  [
    ["b-0.json", "a-0.json"],
    ["b-0.json", "a-0.json"],
  ],
  [["b-*"], ["b-0.json", "b-1.json.gz"]],
  [["{b,a}-0.json"], ["a-0.json", "b-0.json"]],
  [["c[1].json"], ["c[1].json"]],
  [["."], ["a-0.json", "b-0.json", "b-1.json.gz", "c[1].json"]],
  [
    ["a-0.json", "*-0.json"],
    ["a-0.json", "a-0.json", "b-0.json"],
  ],
];

for (const [traces, expected] of expansions) {
  test(`${traces.join(", ")} stands for ${expected.join(", ")}`, (t) => {
    const location = folderWith(t, files);
    assert.deepEqual(
      traceFiles({ location, traces }).map((path) => basename(path)),
      expected,
    );
    const absolute = traces.map((name) => join(location, name));
    assert.deepEqual(
      traceFiles({ location: "/elsewhere", traces: absolute }).map((path) => basename(path)),
      expected,
    );
  });
}

test("a location is no pattern", (t) => {
  const location = join(folderWith(t, {}), "of [2017] {a,b}");
  mkdirSync(location);
  for (const name of names) writeFileSync(join(location, name), "[]");
  assert.deepEqual(traceFiles({ location, traces: ["b-*"] }), [
    join(location, "b-0.json"),
    join(location, "b-1.json.gz"),
  ]);
});

test("all names that stand for nothing are reported at once", (t) => {
  const location = folderWith(t, files);
  mkdirSync(join(location, "empty"));
  // What may not be looked at, for which root would need no permission.
  symlinkSync("endless", join(location, "endless"));
  const archive = "archive:/var/archive?from=1";
  const traces = ["b-0.json", "gone.json", "gone-*.json", "empty", "endless", "endl*", archive];
  assert.throws(
    () => traceFiles({ location, traces }),
    (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.deepEqual(error.lines, [
        `${join(location, "gone.json")}: no such file`,
        `${join(location, "gone-*.json")}: no file matches`,
        `${join(location, "empty")}: no trace in this directory`,
        ...["endless", "endl*"].map(
          (name) =>
            `${join(location, name)} cannot be read: ELOOP: too many symbolic links encountered, stat '${join(location, "endless")}'`,
        ),
        "archive:/var/archive?from=1: this command reads no archives; drayage archive export --format trace makes a trace of one",
      ]);
      return true;
    },
  );
  assert.throws(() => traceFiles({ location, traces: [] }), /names no file/);
});

test("a file that is no trace is named", async (t) => {
  const location = folderWith(t, { "x.json": "hello\n" });
  await assert.rejects(readAll({ location, traces: ["x.json"] }), {
    code: "usage",
    message: /x\.json is no trace/,
  });
});

test("what is no file is refused", async () => {
  await assert.rejects(readAll({ traces: ["/dev/null"] }), {
    code: "usage",
    message: /cannot read \/dev\/null: a pipe or a device is no file/,
  });
});

test("the account describes every file, and records name theirs", async (t) => {
  const location = folderWith(t, { "a.json": "[]", "b.json": `${JSON.stringify(native())}\n` });
  writeFileSync(join(location, "c.csv"), "timestamp,http.request.uri,http.request.method\n");
  const progress: string[] = [];
  const { records, account } = await readAll({
    location,
    traces: ["*"],
    onProgress: ({ file, filesDone, files }) =>
      progress.push(`${basename(file)} ${filesDone}/${files}`),
  });
  assert.deepEqual(
    account.files.map(({ file, format, records, compression }) => [
      basename(file),
      format,
      records,
      compression,
    ]),
    [
      ["a.json", "json", 0, "none"],
      ["b.json", "ndjson", 1, "none"],
      ["c.csv", "csv", 0, "none"],
    ],
  );
  assert.equal(records[0]?.origin.file, join(location, "b.json"));
  assert.deepEqual([...new Set(progress)], ["a.json 0/3", "b.json 1/3", "c.csv 2/3"]);
});
