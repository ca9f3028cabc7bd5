import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { CheckFailure } from "../../../src/extract/check-failure.ts";
import type { MaskPolicy } from "../../../src/extract/masking/mask-policy.ts";
import type { InstanceEvent } from "../../../src/extract/nova-event.ts";
import { openInstanceTrace } from "../../../src/extract/output/instance-trace.ts";
import { openMachineTrace } from "../../../src/extract/output/machine-trace.ts";
import type { TracePlan } from "../../../src/extract/trace-plan.ts";
import {
  goldenInstances,
  goldenMachines,
  goldenRacks,
  scratch,
  testSource,
  tracePlan,
} from "../golden-events.ts";

const golden = join(import.meta.dirname, "../../../../shared/data/nova");
const chameleon = Buffer.from("chameleon");
const sha1 = { method: "sha1-raw", salt: chameleon, random: false } as const;
const sha2 = { method: "sha2-salted", salt: chameleon, random: false } as const;
const keyed = { method: "hmac-sha256", key: Buffer.alloc(32, 7), random: false } as const;

async function instancesIn(plan: TracePlan, rows: readonly InstanceEvent[] = goldenInstances) {
  const sink = await openInstanceTrace(plan);
  try {
    for (const row of rows) sink.write(row);
    return await sink.finish(testSource);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

async function machinesIn(plan: TracePlan) {
  const sink = await openMachineTrace(plan, goldenRacks);
  for (const row of goldenMachines) sink.write(row);
  return sink.finish(testSource);
}

for (const { file, masking, quoting } of [
  { file: "none", masking: { method: "none" }, quoting: "original" },
  { file: "sha1_chameleon", masking: sha1, quoting: "minimal" },
  { file: "sha2_chameleon", masking: sha2, quoting: "minimal" },
] as const satisfies readonly { file: string; masking: MaskPolicy; quoting: string }[]) {
  test(`instance events are written byte for byte as Star Compactor does: ${file}`, async (t) => {
    const path = join(golden, `instance_c84f452_${file}.csv`);
    if (!existsSync(path)) return t.skip("needs the reference traces, which are not in this tree");
    const output = join(scratch(t), "out.csv");
    const shuffled = [2, 0, 3, 1].map((at) => goldenInstances[at] as InstanceEvent);
    const report = await instancesIn(tracePlan(output, { masking, quoting }), shuffled);
    assert.equal(readFileSync(output, "utf8"), readFileSync(path, "utf8"));
    const sha256 = createHash("sha256").update(readFileSync(output)).digest("hex");
    assert.equal(report.sha256, sha256);
    assert.equal(report.warnings.length, quoting === "original" ? 1 : 0);
  });
}

for (const { file, masking } of [
  { file: "none", masking: { method: "none" } as const },
  { file: "sha2_chameleon", masking: sha2 },
]) {
  test(`machine events are written as Star Compactor does, racks numbered: ${file}`, async (t) => {
    const path = join(golden, `machine_c84f452_${file}.csv`);
    if (!existsSync(path)) return t.skip("needs the reference traces, which are not in this tree");
    const output = join(scratch(t), "out.csv");
    await machinesIn(tracePlan(output, { masking }));
    const [header = "", ...lines] = readFileSync(output, "utf8").split("\n");
    const expected = readFileSync(path, "utf8").split("\n");
    assert.equal(header, expected[0]);
    assert.equal(lines.length, goldenMachines.length + 1);
    for (const line of lines) assert.ok(expected.includes(line), line);
  });
}

test("by default a name with a comma is quoted", async (t) => {
  const output = join(scratch(t), "out.csv");
  await instancesIn(tracePlan(output));
  const row = readFileSync(output, "utf8").split("\n")[3];
  assert.match(row ?? "", /,4096,40,2,"db,1",u-bob,p-one,$/);
});

test("v0.3 has properties as a Python dictionary and lines that end with CR LF", async (t) => {
  const output = join(scratch(t), "out.csv");
  await instancesIn(tracePlan(output, { version: "v0.3" }));
  const lines = readFileSync(output, "utf8").split("\r\n");
  assert.equal(lines.length, 6);
  assert.equal(
    lines[1],
    `7b7d261d-2eb6-4dc2-8353-958e4f10ea59,compute_stop_instance,2015-09-16T12:00:00,-43200.0,2015-09-16T12:00:01,-43199.0,1.0,None,web-1,u-alice,p-one,c01-05,"{'memory_mb': 512, 'root_gb': 1, 'vcpus': 1}"`,
  );
});

test("v0.3 machine events keep the original's spelling, and DELETE without content has a rack of None", async (t) => {
  const output = join(scratch(t), "out.csv");
  const sink = await openMachineTrace(tracePlan(output, { version: "v0.3" }), ["c01"]);
  const [first] = goldenMachines;
  assert.ok(first);
  sink.write({ ...first, content: { rack: "c01", vcpus: 4, memoryMb: null, localGb: 8 } });
  sink.write({ ...first, event: "DELETE", content: null });
  await sink.finish(testSource);
  const lines = readFileSync(output, "utf8").split("\r\n");
  assert.match(
    lines[1] ?? "",
    /,CREATE,"\{'rack': 0, 'vcpu_capability': 4, 'memory_capability_mb': None, 'disk_capability_gb': 8\}"$/,
  );
  assert.match(lines[2] ?? "", /,DELETE,\{'rack': None\}$/);
});

test("JSON lines have the columns in order, seconds with .0 and null for NULL", async (t) => {
  const output = join(scratch(t), "out.jsonl");
  await instancesIn(tracePlan(output, { format: "jsonl" }));
  const lines = readFileSync(output, "utf8").split("\n");
  assert.equal(
    lines[3],
    '{"INSTANCE_UUID": "7b7d261d-2eb6-4dc2-8353-958e4f10ea59", "EVENT": "compute_terminate_instance", "START_TIME": null, "START_SEC": null, "FINISH_TIME": "2018-11-07T00:00:09", "FINISH_SEC": 99100809.0, "EVENT_DURATION": null, "RESULT": "Success", "MEMORY_MB": 512, "DISK_GB": 1, "VCPUS": 1, "INSTANCE_NAME": "web-1", "USER_ID": "u-alice", "PROJECT_ID": "p-one", "HOST_NAME (PHYSICAL)": "c01-05"}',
  );
});

test("Parquet holds the same rows, typed, and the manifest", async (t) => {
  const output = join(scratch(t), "out.parquet");
  await instancesIn(tracePlan(output, { format: "parquet", masking: keyed }));
  const bytes = readFileSync(output);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const rows = await parquetReadObjects({ file });
  assert.equal(rows.length, 4);
  assert.deepEqual(rows[1]?.START_TIME, new Date("2015-09-17T18:24:56Z"));
  assert.equal(rows[1]?.START_SEC, 66296);
  assert.equal(rows[1]?.MEMORY_MB, 512);
  assert.equal(rows[2]?.["HOST_NAME (PHYSICAL)"], "");
  assert.equal(rows[3]?.START_TIME, null);
  const [pair] = parquetMetadata(file).key_value_metadata ?? [];
  assert.equal(pair?.key, "drayage.manifest");
  assert.equal(JSON.parse(pair?.value ?? "").rows.written, 4);
});

test("relative time begins at the epoch of the seconds, and a shift moves times but not the epoch", async (t) => {
  const folder = scratch(t);
  const relative = join(folder, "relative.csv");
  await instancesIn(
    tracePlan(relative, { time: { base: "relative", shift: { kind: "none" }, roundMs: 0 } }),
  );
  const first = readFileSync(relative, "utf8").split("\n")[1] ?? "";
  assert.match(first, /,2015-09-17T00:00:00,0\.0,2015-09-17T00:00:01,1\.0,1\.0,None,/);
  const shifted = join(folder, "shifted.csv");
  const shift = { kind: "seconds", seconds: 43_200.5 } as const;
  await instancesIn(tracePlan(shifted, { time: { base: "absolute", shift, roundMs: 1000 } }));
  const moved = readFileSync(shifted, "utf8").split("\n")[1] ?? "";
  assert.match(moved, /,2015-09-17T00:00:00,0\.0,2015-09-17T00:00:01,1\.0,1\.0,None,/);
});

test("the manifest says how everything was masked, and neither key nor shift", async (t) => {
  const output = join(scratch(t), "out.csv");
  await instancesIn(
    tracePlan(output, {
      masking: keyed,
      time: { base: "absolute", shift: { kind: "seconds", seconds: 777_777 }, roundMs: 0 },
    }),
  );
  const text = readFileSync(`${output}.manifest.json`, "utf8");
  const manifest = JSON.parse(text);
  assert.equal(manifest.rows.written, 4);
  assert.equal(manifest.time.shift, "constant");
  assert.deepEqual(manifest.fields[0], {
    column: "INSTANCE_UUID",
    fate: "masked",
    class: "uuid",
    width: 32,
  });
  assert.equal(
    manifest.output.sha256,
    createHash("sha256").update(readFileSync(output)).digest("hex"),
  );
  // A time of the source beside one of the trace would be the shift, too.
  for (const secret of [keyed.key.toString("hex"), "777777", "u-alice", "first mtime"])
    assert.ok(!text.includes(secret), secret);
  await instancesIn(tracePlan(output, { masking: keyed }));
  const unmoved = JSON.parse(readFileSync(`${output}.manifest.json`, "utf8"));
  assert.equal(unmoved.source["first mtime"], "2015-11-06T00:00:00");
});

test("rows that are left unquoted are counted also where times are known last", async (t) => {
  const output = join(scratch(t), "out.csv");
  const time = { base: "relative", shift: { kind: "none" }, roundMs: 0 } as const;
  const { warnings } = await instancesIn(tracePlan(output, { quoting: "original", time }));
  assert.match(warnings.join(), /^1 row holds a comma/);
  const manifest = JSON.parse(readFileSync(`${output}.manifest.json`, "utf8"));
  assert.deepEqual(manifest.warnings, warnings);
});

test("nobody else may read a trace that is not checked yet, nor may it be written when it was given up", async (t) => {
  const folder = scratch(t);
  const output = join(folder, "out.csv");
  const sink = await openInstanceTrace(tracePlan(output, { sort: "none" }));
  const modeOf = (name: string): number => statSync(join(folder, name)).mode & 0o777;
  assert.deepEqual(readdirSync(folder).map(modeOf), [0o600]);
  await sink.abort();
  const [row] = goldenInstances;
  assert.ok(row);
  assert.throws(
    () => {
      for (let rows = 0; rows < 20_000; rows++) sink.write(row);
    },
    { code: "interrupted" },
  );
  await instancesIn(tracePlan(output));
  writeFileSync(join(folder, "usual"), "");
  assert.equal(modeOf("out.csv"), modeOf("usual"));
});

test("a clear text in an unmasked column is a leak: no output, and the place without the value", async (t) => {
  const folder = scratch(t);
  const output = join(folder, "out.csv");
  const [first] = goldenInstances;
  assert.ok(first);
  const planted = { ...first, result: "failed on c01-05 of u-alice" };
  await assert.rejects(
    instancesIn(tracePlan(output, { masking: keyed }), [first, planted]),
    (error) => {
      assert.ok(error instanceof CheckFailure);
      assert.match(error.message, /column RESULT holds a clear text in row 2\./);
      assert.doesNotMatch(error.message, /alice|c01/);
      return true;
    },
  );
  assert.deepEqual(readdirSync(folder), []);
  const report = join(folder, "report.json");
  await assert.rejects(instancesIn(tracePlan(output, { masking: keyed, report }), [planted]));
  assert.deepEqual(readdirSync(folder), ["report.json"]);
  const [leak] = JSON.parse(readFileSync(report, "utf8")).leaks;
  assert.deepEqual(leak, { column: "RESULT", row: 1, what: "a clear text", count: 1 });
  await instancesIn(tracePlan(output, { masking: keyed, allowLeaks: ["RESULT"] }), [planted]);
  assert.ok(existsSync(output));
});

test("an identifier of hexadecimal digits is found among pseudonyms, which look like it", async (t) => {
  const output = join(scratch(t), "out.csv");
  const [first] = goldenInstances;
  assert.ok(first);
  const project = "5f2d7c1e8a9b4c3d9e0f1a2b3c4d5e6f";
  const rows = [
    { ...first, project },
    { ...first, result: project },
  ];
  await assert.rejects(
    instancesIn(tracePlan(output, { masking: keyed }), rows),
    /column RESULT holds a clear text in row 2/,
  );
});

for (const { name, result } of [
  { name: "an IPv4 address", result: "no route to 192.0.2.17" },
  { name: "an IPv6 address", result: "no route to 2001:db8::17 now" },
  { name: "an e-mail address", result: "ask root@example.org" },
  { name: "a UUID", result: "port 3f2504e0-4f89-11d3-9a0c-0305e82c3301" },
  { name: "the suffix of a host name", result: "lost cmp7.rack.example.org" },
]) {
  test(`${name} is a leak although no masked field holds it`, async (t) => {
    const output = join(scratch(t), "out.csv");
    const [first] = goldenInstances;
    assert.ok(first);
    const rows = [
      { ...first, host: "n1.rack.example.org" },
      { ...first, result },
    ];
    await assert.rejects(instancesIn(tracePlan(output, { masking: keyed }), rows), CheckFailure);
  });
}

test("too small a class of a quasi-identifier is refused with --min-k, and the report says so", async (t) => {
  const folder = scratch(t);
  const output = join(folder, "out.csv");
  const report = join(folder, "report.json");
  await instancesIn(tracePlan(output, { masking: keyed, report }));
  const { quasi_identifiers: groups } = JSON.parse(readFileSync(report, "utf8"));
  assert.equal(groups[0].smallestClass, 1);
  assert.equal(groups[0].singletons, 1);
  assert.equal(groups[0].distinct, 2);
  await assert.rejects(instancesIn(tracePlan(output, { masking: keyed, minK: 2 })), /--min-k 2/);
});

test("--verify compares with the hash of a manifest and writes nothing", async (t) => {
  const folder = scratch(t);
  const output = join(folder, "out.csv");
  await instancesIn(tracePlan(output, { masking: keyed }));
  const verify = `${output}.manifest.json`;
  const again = join(folder, "again.csv");
  await instancesIn(tracePlan(again, { masking: keyed, verify }));
  assert.ok(!existsSync(again));
  await assert.rejects(instancesIn(tracePlan(again, { masking: sha2, verify })), CheckFailure);
});

for (const { name, places, error } of [
  {
    name: "a report that cannot be written",
    places: { report: "no/r.json" },
    error: /cannot write/,
  },
  { name: "a manifest that is not there", places: { verify: "no/m.json" }, error: /\(--verify\)/ },
]) {
  test(`${name} is refused before anything is read`, async (t) => {
    const folder = scratch(t);
    const [[option, path] = ["", ""]] = Object.entries(places);
    const plan = tracePlan(join(folder, "out.csv"), { [option]: join(folder, path) });
    await assert.rejects(openInstanceTrace(plan), error);
    assert.deepEqual(readdirSync(folder), []);
  });
}

test("an aborted trace leaves nothing, and what stood under the name before stays", async (t) => {
  const folder = scratch(t);
  const output = join(folder, "out.csv");
  await instancesIn(tracePlan(output));
  const before = readFileSync(output, "utf8");
  const sink = await openInstanceTrace(tracePlan(output, { masking: keyed }));
  for (const row of goldenInstances) sink.write(row);
  await sink.abort();
  assert.equal(readFileSync(output, "utf8"), before);
  assert.deepEqual(readdirSync(folder).sort(), ["out.csv", "out.csv.manifest.json"]);
});
