import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { verbs } from "../../../src/cli/commands.ts";
import { readBackup } from "../../../src/extract/machines/read-backup.ts";
import { drayage } from "../../cli/fake-terminal.ts";
import { dumpOf, folder, type NodeRow, nodesTable, writeBackup } from "./backups.ts";

const golden = join(import.meta.dirname, "../../../../shared/data/nova");
const needsGolden = "needs the reference traces, which are not in this tree";
const needsBzip2 = "needs bzip2: apt-get install bzip2";
const hasBzip2 = spawnSync("bzip2", ["--version"], { input: "" }).status === 0;

const extract = (args: readonly string[], verb: readonly string[] = ["extract", "machines"]) =>
  drayage([...verb, ...args], { verbs });

const lines = (text: string): string[] => text.trimEnd().split("\n").toSorted();

/** Backups under their dates, plain text; returns the options that read them, in clear text to standard output. */
function backups(dumps: Readonly<Record<string, readonly NodeRow[]>>): string[] {
  const dir = folder();
  for (const [date, rows] of Object.entries(dumps))
    writeBackup(dir, { date, content: dumpOf(rows) });
  return ["--backup-dir", dir, "-m", "none", "-"];
}

/** `time host event` of each row. */
const events = (csv: string): string[] =>
  csv
    .trimEnd()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(","))
    .map((cells) => `${cells[0]} ${cells[2]} ${cells.find((cell) => /^[A-Z]{6,7}$/.test(cell))}`);

/** The two reference dumps with their mtimes, which git does not keep. */
function goldenFolder(): string {
  const dir = folder();
  for (const day of ["20151106", "20170427"]) {
    const name = `mysql_backup_${day}-000000.sql.bz2`;
    copyFileSync(join(golden, name), join(dir, name));
    const date = new Date(`${day.replace(/(....)(..)(..)/, "$1-$2-$3")}T00:00:00Z`);
    utimesSync(join(dir, name), date, date);
  }
  return dir;
}

for (const { file, args, verb } of [
  { file: "none", args: ["-m", "none"], verb: ["extract", "machines"] },
  { file: "none", args: ["-m", "none", "--workers", "2"], verb: ["extract", "machines"] },
  {
    file: "sha2_chameleon",
    args: ["-m", "sha2-salted", "-hashed-masking-salt", "chameleon", "-u", "cc_trace"],
    verb: ["machine_event_dump"],
  },
]) {
  test(`two dumps give the reference trace: ${verb.join(" ")} ${args.join(" ")}`, async (t) => {
    const expected = join(golden, `machine_c84f452_${file}.csv`);
    if (!existsSync(expected)) return t.skip(needsGolden);
    const output = join(folder(), "out.csv");
    const { exit, err } = await extract(["--backup-dir", goldenFolder(), ...args, output], verb);
    assert.equal(exit, 0, err);
    assert.deepEqual(lines(readFileSync(output, "utf8")), lines(readFileSync(expected, "utf8")));
  });
}

test("without the program, bzip2 is unpacked in JavaScript, with the same result", async (t) => {
  if (!existsSync(golden)) return t.skip(needsGolden);
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = "/nowhere";
  const { exit, out } = await extract(["--backup-dir", goldenFolder(), "-m", "none", "-"]);
  assert.equal(exit, 0);
  assert.deepEqual(
    lines(out),
    lines(readFileSync(join(golden, "machine_c84f452_none.csv"), "utf8")),
  );
});

const one: readonly NodeRow[] = [{ host: "h1", updated: "2015-11-05 00:00:00" }];
const bzip2 = (text: string): Buffer => spawnSync("bzip2", ["-c"], { input: text }).stdout;
const halves = (text: string): [string, string] => [text.slice(0, 700), text.slice(700)];

for (const { name, pack, needs = false } of [
  { name: "gzip of one member", pack: (text: string) => gzipSync(text) },
  {
    name: "gzip of two members",
    pack: (text: string) => Buffer.concat(halves(text).map((half) => gzipSync(half))),
  },
  {
    name: "zstd of two frames",
    pack: (text: string) => Buffer.concat(halves(text).map((half) => zstdCompressSync(half))),
  },
  {
    name: "bzip2 of two streams, by the program",
    pack: (text: string) => Buffer.concat(halves(text).map(bzip2)),
    needs: true,
  },
  {
    name: "bzip2 of two streams, in JavaScript",
    pack: (text: string) => Buffer.concat(halves(text).map(bzip2)),
    needs: true,
  },
]) {
  test(`a backup is unpacked whatever its name says: ${name}`, async (t) => {
    if (needs && !hasBzip2) return t.skip(needsBzip2);
    const dir = folder();
    writeBackup(dir, { date: "2015-11-06", content: pack(dumpOf(one)) });
    const path = process.env.PATH;
    t.after(() => {
      process.env.PATH = path;
    });
    if (name.endsWith("JavaScript")) process.env.PATH = "/nowhere";
    const { exit, out, err } = await extract(["--backup-dir", dir, "-m", "none", "-"]);
    assert.equal(exit, 0, err);
    assert.deepEqual(events(out), [
      "2015-01-01T00:00:00 h1 CREATE",
      "2015-11-05T00:00:00 h1 ENABLE",
    ]);
  });
}

/** The packed text with its last third missing, or with bytes in its middle inverted. */
const cutOff = (packed: Buffer): Buffer => packed.subarray(0, Math.floor((packed.length * 2) / 3));
function corrupted(packed: Buffer): Buffer {
  const copy = Buffer.from(packed);
  const middle = copy.length >> 1;
  for (let at = middle; at < middle + 8; at++) copy[at] = ~(copy[at] as number);
  return copy;
}

for (const { name, content, reason, needs = false, withoutProgram = false } of [
  { name: "cut off", content: () => Buffer.from(dumpOf(one).slice(0, -200)), reason: /is cut off/ },
  {
    name: "cut off gzip",
    content: () => cutOff(gzipSync(dumpOf(one))),
    reason: /is cut off: its gzip data end too early/,
  },
  {
    name: "corrupted gzip",
    content: () => corrupted(gzipSync(dumpOf(one))),
    reason: /is damaged: its gzip data are broken/,
  },
  {
    name: "cut off zstd",
    content: () => cutOff(zstdCompressSync(dumpOf(one))),
    reason: /is cut off: its zstd data end too early/,
  },
  {
    name: "cut off bzip2",
    content: () => cutOff(bzip2(dumpOf(one))),
    reason: /is damaged or cut off \(.*bzip2: .*ends unexpectedly/,
    needs: true,
  },
  {
    name: "corrupted bzip2 block",
    content: () => corrupted(bzip2(dumpOf(one))),
    reason: /is damaged or cut off \(.*bzip2: .*(integrity|CRC)/,
    needs: true,
  },
  {
    name: "cut off bzip2, in JavaScript",
    content: () => cutOff(bzip2(dumpOf(one))),
    reason: /is cut off: its bzip2 data end too early/,
    needs: true,
    withoutProgram: true,
  },
  {
    name: "corrupted bzip2 block, in JavaScript",
    content: () => corrupted(bzip2(dumpOf(one))),
    reason: /is damaged: its bzip2 data are broken/,
    needs: true,
    withoutProgram: true,
  },
  {
    name: "without Nova's tables",
    content: () => Buffer.from(nodesTable),
    reason: /holds no table services of Nova/,
  },
  {
    name: "of a schema with another name",
    content: () => Buffer.from(`CREATE DATABASE kvm;USE kvm;${dumpOf(one)}`),
    reason: /in a schema of another name: --nova-databases kvm reads them/,
  },
  {
    name: "packed by xz",
    content: () => Buffer.from("fd377a585a000004e6d6b446", "hex"),
    reason: /is packed by xz, which is not read: unpack it/,
  },
  {
    name: "whose table lacks a column",
    content: () => Buffer.from(dumpOf(one).replace("`vcpus`", "`cpus`")),
    reason: /has a table compute_nodes without vcpus/,
  },
]) {
  test(`a backup ${name} is skipped with its reason, and the result is partial`, async (t) => {
    if (needs && !hasBzip2) return t.skip(needsBzip2);
    const dir = folder();
    writeBackup(dir, { date: "2015-11-06", content: dumpOf(one) });
    const bad = writeBackup(dir, { date: "2015-11-07", content: content() });
    writeBackup(dir, { date: "2015-11-08", content: dumpOf(one) });
    const path = process.env.PATH;
    t.after(() => {
      process.env.PATH = path;
    });
    if (withoutProgram) process.env.PATH = "/nowhere";
    const args = ["--backup-dir", dir, "--format", "v0.3", "-m", "none"];
    const { exit, out, err } = await extract([...args, "-"]);
    assert.equal(exit, 8, err);
    assert.ok(err.includes(`${bad} `), err);
    assert.match(err, reason);
    // A file that cannot be read does not make its hosts vanish.
    assert.doesNotMatch(out, /DELETE/);
    const strictDir = folder();
    const strict = await extract([...args, "--strict", join(strictDir, "out.csv")]);
    assert.equal(strict.exit, 2);
    assert.deepEqual(readdirSync(strictDir), []);
  });
}

test("a link that leads nowhere is a backup that cannot be read", async () => {
  const dir = folder();
  writeBackup(dir, { date: "2015-11-06", content: dumpOf(one) });
  for (const [day, target] of [
    ["07", "nowhere"],
    ["08", "mysql_backup_20151108-000000.sql"],
  ])
    symlinkSync(`${target}`, join(dir, `mysql_backup_201511${day}-000000.sql.bz2`));
  symlinkSync(
    "mysql_backup_20151108-000000.sql.bz2",
    join(dir, "mysql_backup_20151108-000000.sql"),
  );
  const { exit, err } = await extract(["--backup-dir", dir, "-m", "none", "-"]);
  assert.equal(exit, 8, err);
  assert.match(
    err,
    /07-000000\.sql\.bz2 cannot be read: ENOENT: no such file or directory; skipped/,
  );
  assert.match(err, /08-000000\.sql\.bz2 cannot be read: ELOOP: [a-z ]+; skipped/);
});

test("a reason that goes into a manifest names no path", async () => {
  const read = await readBackup("/nowhere/of-alice.sql", { schemas: ["nova"], nodeJoin: "auto" });
  const reason = "cannot be read: ENOENT: no such file or directory";
  assert.deepEqual(read, { kind: "fault", reason });
});

const LATER = "2015-11-05 00:00:00";

for (const { name, dumps, args = [], expected } of [
  {
    name: "the earliest backup's content counts, and equal updates are no events",
    dumps: {
      "2015-11-06": [{ host: "h", updated: LATER, vcpus: 8 }],
      "2015-11-07": [{ host: "h", updated: "2015-11-06 00:00:00", vcpus: 16 }],
    },
    expected: [
      "2015-01-01T00:00:00 h CREATE",
      "2015-11-05T00:00:00 h ENABLE",
      "2015-11-06T00:00:00 h UPDATE",
    ],
  },
  {
    name: "what precedes the first CREATE is dropped",
    dumps: { "2015-11-06": [{ host: "h", created: "2015-12-01 00:00:00", updated: LATER }] },
    expected: ["2015-12-01T00:00:00 h CREATE"],
  },
  {
    name: "a host first seen disabled loses that event",
    dumps: { "2015-11-06": [{ host: "h", seen: LATER, disabled: 1 as const }] },
    expected: ["2015-01-01T00:00:00 h CREATE"],
  },
  {
    name: "unless it is to be kept",
    dumps: { "2015-11-06": [{ host: "h", seen: LATER, disabled: 1 as const }] },
    args: ["--keep-initial-disable"],
    expected: ["2015-01-01T00:00:00 h CREATE", "2015-11-05T00:00:00 h DISABLE"],
  },
  {
    name: "DELETE does not end ENABLE",
    dumps: {
      "2015-11-06": [{ host: "h", seen: LATER, deleted: "2015-11-05 12:00:00" }],
      "2015-11-07": [{ host: "h", seen: "2015-11-06 00:00:00" }],
    },
    expected: [
      "2015-01-01T00:00:00 h CREATE",
      "2015-11-05T00:00:00 h ENABLE",
      "2015-11-05T12:00:00 h DELETE",
    ],
  },
  {
    name: "v0.2: disabled NULL is neither, and a host that vanishes stays",
    dumps: {
      "2015-11-06": [{ host: "h", seen: LATER, disabled: null }],
      "2015-11-07": [{ host: "other" }],
    },
    expected: ["2015-01-01T00:00:00 h CREATE", "2015-01-01T00:00:00 other CREATE"],
  },
  {
    name: "v0.3: disabled NULL is enabled, and a host that vanishes is deleted",
    dumps: {
      "2015-11-06": [{ host: "h", seen: LATER, disabled: null }],
      "2015-11-07": [{ host: "other" }],
    },
    args: ["--format", "v0.3"],
    expected: [
      "2015-01-01T00:00:00 h CREATE",
      "2015-01-01T00:00:00 other CREATE",
      "2015-11-05T00:00:00 h ENABLE",
      "2015-11-07T00:00:00 h DELETE",
    ],
  },
  {
    name: "zero dates and NULL make no event, a NULL host no row",
    dumps: {
      "2015-11-06": [{ host: "h", created: "0000-00-00 00:00:00" }, { host: null }, { host: "k" }],
    },
    expected: ["2015-01-01T00:00:00 k CREATE"],
  },
]) {
  test(`refinement: ${name}`, async () => {
    const { exit, out, err } = await extract([...backups(dumps), ...args]);
    assert.equal(exit, 0, err);
    assert.deepEqual(events(out), expected);
  });
}

test("FALSE is 0", async () => {
  const dir = folder();
  const dump = dumpOf([{ host: "h1", seen: LATER }]).replace(
    "'nova-compute',0)",
    "'nova-compute',FALSE)",
  );
  writeBackup(dir, { date: "2015-11-06", content: dump });
  const { out } = await extract(["--backup-dir", dir, "-m", "none", "-"]);
  assert.deepEqual(events(out), ["2015-01-01T00:00:00 h1 CREATE", "2015-11-05T00:00:00 h1 ENABLE"]);
});

test("hosts are joined without regard to case and blanks at the end, unless the collation says so", async () => {
  const dump = dumpOf([{ host: "h1", seen: LATER }]).replace(
    "'h1','nova-compute'",
    "'H1 ','nova-compute'",
  );
  const dir = folder();
  writeBackup(dir, { date: "2015-11-06", content: dump });
  const loose = await extract(["--backup-dir", dir, "-m", "none", "-"]);
  assert.equal(events(loose.out).length, 2);
  const exact = dump.replace("`host` varchar(255),", "`host` varchar(255) COLLATE utf8_bin,");
  writeBackup(dir, { date: "2015-11-06", content: exact });
  assert.equal(events((await extract(["--backup-dir", dir, "-m", "none", "-"])).out).length, 0);
});

test("dumps from before Nova 2015.1 are joined by service_id, with a notice", async () => {
  const dir = folder();
  const dump = dumpOf([{ host: "h1", seen: LATER }])
    .replace("  `host` varchar(255) DEFAULT NULL,\n  PRIMARY", "  `service_id` int,\n  PRIMARY")
    .replace("'h1','h1')", "'h1',0)");
  writeBackup(dir, { date: "2015-11-06", content: dump });
  const { out, err } = await extract(["--backup-dir", dir, "-m", "none", "-"]);
  assert.equal(events(out).length, 2);
  assert.match(err, /joined with services by service_id/);
});

test("backups are taken by mtime, by name or by their last line, and a disagreement is told", async () => {
  const dir = folder();
  const [early, late] = [[{ host: "h", vcpus: 1 }], [{ host: "h", vcpus: 2 }]];
  writeBackup(dir, { date: "2015-11-06", content: dumpOf(early) });
  const second = writeBackup(dir, {
    date: "2015-11-07",
    content: dumpOf(late).replace("2015-11-06  6", "2015-11-07  6"),
  });
  utimesSync(second, new Date(0), new Date(0));
  const cpus = (csv: string) => csv.split("\n")[1]?.split(",")[5];
  const args = ["--backup-dir", dir, "-m", "none", "-"];
  const byTime = await extract(args);
  assert.equal(cpus(byTime.out), "2");
  assert.match(byTime.err, /another order than their mtimes.*--backup-order name/);
  for (const order of ["name", "trailer"])
    assert.equal(cpus((await extract([...args, "--backup-order", order])).out), "1", order);
});

test("starcompactor.config says where backups lie and what a rack is; both section names are read", async () => {
  const dir = folder();
  mkdirSync(join(dir, "backups"));
  writeBackup(join(dir, "backups"), {
    date: "2015-11-06",
    content: dumpOf([{ host: "r2-h1" }, { host: "r1-h2" }]),
    name: ".dump",
  });
  symlinkSync(join(dir, "backups"), join(dir, "link"));
  const config = join(dir, "starcompactor.config");
  const text = `# comment\n[backup]\nBackup_Dir: ${join(dir, "link")}\nbackup_file_regex = mysql_backup_(?P<day>\\d{8})-(\\d{6}).*dump\n[kvm]\nhypervisor_hostname_regex = \\A(?:r(?P<rack>\\d)|x)-\nrack_extract_group = 1\n[default]\nepoch = 2015-01-01\nspeed = 1\n`;
  writeFileSync(config, text);
  const { exit, out, err } = await extract(["--config", config, "-m", "none", "-"]);
  assert.equal(exit, 0, err);
  assert.match(err, /default\.speed is not known/);
  assert.deepEqual(out.trimEnd().split("\n").slice(1), [
    "2015-01-01T00:00:00,0.0,r1-h2,0,CREATE,8,1000,100",
    "2015-01-01T00:00:00,0.0,r2-h1,1,CREATE,8,1000,100",
  ]);
});

for (const { name, config, args = [], says } of [
  { name: "no folder", config: "", says: /give --backup-dir DIR/ },
  {
    name: "a folder that is missing",
    config: "",
    args: ["--backup-dir", "/nowhere"],
    says: /cannot read the folder of backups.*\/nowhere/,
  },
  {
    name: "a regex that JavaScript has no equivalent for",
    config: "[rack]\nhypervisor_hostname_regex = (a)(?(1)b|c)",
    says: /rack\.hypervisor_hostname_regex: \(\?\(\.\.\.\) has no equivalent/,
  },
  {
    name: "a line that is neither section nor pair",
    config: "[rack]\nnonsense",
    says: /line 2: "nonsense"/,
  },
  {
    name: "interpolation",
    config: "[backup]\nbackup_dir = %(home)s/x",
    says: /backup\.backup_dir: %\(\.\.\.\)s is not supported/,
  },
  {
    name: "a group that is no number",
    config: "[rack]\nrack_extract_group = one",
    says: /rack_extract_group wants a whole number of at least 0, not "one"/,
  },
  {
    name: "a group that the regex lacks",
    config: "[rack]\nhypervisor_hostname_regex = ([a-z]+)(?:-|_)\nrack_extract_group = 2",
    says: /rack_extract_group is 2, and hypervisor_hostname_regex has 1 group in/,
  },
  {
    name: "bare metal",
    config: "",
    args: ["--instance-type", "baremetal"],
    says: /not supported yet/,
  },
]) {
  test(`a configuration with ${name} is refused`, async () => {
    const path = join(folder(), "c.config");
    writeFileSync(path, config);
    const { exit, err } = await extract(["--config", path, ...args, "-m", "none", "-"]);
    assert.equal(exit, 2, err);
    assert.match(err, says);
  });
}

test("an output that cannot be written is refused before anything is read", async () => {
  const dir = folder();
  writeBackup(dir, { date: "2015-11-06", content: "broken" });
  const { exit, err } = await extract(["--backup-dir", dir, "-m", "none", join(dir, "no/out.csv")]);
  assert.equal(exit, 2);
  assert.match(err, /cannot write .*no\/out\.csv/);
  assert.doesNotMatch(err, /skipped/);
});

test("a folder without backups names the regex and what it holds", async () => {
  const dir = folder();
  for (let i = 0; i < 7; i++) writeFileSync(join(dir, `other-${i}`), "");
  const { exit, err } = await extract(["--backup-dir", dir, "-m", "none", "-"]);
  assert.equal(exit, 2);
  assert.ok(err.includes(dir) && err.includes("mysql_backup_"), err);
  assert.match(err, /other-0, other-1, other-2, other-3, other-4, \.\.\./);
});
