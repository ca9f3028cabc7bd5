import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import fc from "fast-check";
import { DrayageError, UsageError } from "../../src/core/errors.ts";
import {
  type JournalRow,
  journalPathOf,
  type WarmupIdentity,
  WarmupJournal,
} from "../../src/trace/warmup-journal.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "drayage-journal-"));
  path = journalPathOf(join(directory, "interm.json"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const identity: WarmupIdentity = {
  seed: "0",
  random: true,
  identity: "uri",
  repository: "single",
  manifests: "blob",
  registries: ["http://localhost:5000"],
  traces: [{ name: "dal09.json", size: 123 }],
};
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const row = (number: number): JournalRow => ({
  uri: `v2/a/blobs/${number}`,
  digest,
  how: "pushed",
});

function open(more: Partial<WarmupIdentity> = {}, restart = false) {
  const rows: JournalRow[] = [];
  const options = { path, identity: { ...identity, ...more }, restart };
  return { journal: WarmupJournal.open(options, (found) => rows.push(found)), rows };
}

function write(rows: readonly JournalRow[]): void {
  const { journal } = open();
  for (const each of rows) journal.add(each);
  journal.close();
}

test("journal: rows of any text come back in order, over several openings", () => {
  const text = fc.string({ unit: "grapheme" });
  const how = fc.constantFrom<JournalRow["how"]>("pushed", "existing", "mounted");
  const rows = fc.array(
    fc.record(
      { uri: text, digest: fc.constant(digest), how, registry: fc.nat(9) },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(rows, rows, (first, second) => {
      rmSync(path, { force: true });
      write(first);
      write(second);
      const { journal, rows: found } = open();
      journal.close();
      assert.deepEqual(found, [...first, ...second]);
    }),
    { numRuns: 40 },
  );
});

test("journal: many rows survive every buffer boundary", () => {
  const rows = Array.from({ length: 10_000 }, (_, number) => row(number));
  write(rows);
  const { journal, rows: found } = open();
  journal.close();
  assert.deepEqual(found, rows);
});

test("journal: a file cut off anywhere gives its complete rows, and goes on behind them", () => {
  const rows = [row(1), { ...row(2), uri: "é😀" }, row(3)];
  write(rows);
  const whole = readFileSync(path);
  const header = whole.indexOf(10) + 1;
  // Every place would take seconds of syncing; a step of five meets each kind of it.
  for (let length = 0; length < whole.length; length += 5) {
    writeFileSync(path, whole.subarray(0, length));
    const { journal, rows: found } = open();
    journal.add(row(9));
    journal.close();
    const cut = whole.subarray(0, length);
    const complete = length < header ? 0 : cut.toString("latin1").split("\n").length - 2;
    assert.deepEqual(found, rows.slice(0, complete), `cut at ${length}`);
    const again = open();
    again.journal.close();
    assert.deepEqual(again.rows, [...rows.slice(0, complete), row(9)], `cut at ${length}`);
  }
});

for (const { name, more, says } of [
  { name: "seed", more: { seed: "7" }, says: /seed was 0 and is 7/ },
  { name: "content", more: { random: false }, says: /random was true and is false/ },
  {
    name: "registry",
    more: { registries: ["http://b"] },
    says: /the registries were http:\/\/localhost:5000 and are http:\/\/b/,
  },
  {
    name: "size of a trace",
    more: { traces: [{ name: "dal09.json", size: 124 }] },
    says: /the traces were dal09\.json \(123 bytes\) and are dal09\.json \(124 bytes\)/,
  },
] as { name: string; more: Partial<WarmupIdentity>; says: RegExp }[]) {
  test(`journal: another ${name} is refused in a sentence, and untouched`, () => {
    write([row(1)]);
    const before = readFileSync(path);
    assert.throws(
      () => open(more),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, says);
        assert.match(error.message, /--restart/);
        assert.equal(error.lines.length, 2);
        return true;
      },
    );
    assert.ok(readFileSync(path).equals(before));
  });
}

test("journal: a restart forgets another identity's rows", () => {
  write([row(1)]);
  const { journal, rows } = open({ seed: "7" }, true);
  assert.deepEqual(rows, []);
  journal.add(row(2));
  journal.close();
  const again = open({ seed: "7" });
  again.journal.close();
  assert.deepEqual(again.rows, [row(2)]);
});

for (const { name, damage } of [
  { name: "a line that is no row", damage: '{"uri":"x"}\n' },
  { name: "a line that is no JSON", damage: "\0\0\0\n" },
  { name: "an empty line", damage: "\n" },
  { name: "a digest that is none", damage: '{"uri":"x","digest":"sha256:zz","how":"pushed"}\n' },
  { name: "another word", damage: `{"uri":"x","digest":"${digest}","how":"maybe"}\n` },
]) {
  test(`journal: ${name} within is damage that names the byte`, () => {
    write([row(1)]);
    const at = readFileSync(path).length;
    appendFileSync(path, `${damage}${JSON.stringify(row(2))}\n`);
    assert.throws(
      () => open(),
      (error: unknown) =>
        error instanceof DrayageError &&
        error.code === "map-corrupt" &&
        error.message.includes(`at byte ${at}:`),
    );
  });
}

test("journal: a file that is none is not overwritten", () => {
  writeFileSync(path, "important\n");
  assert.throws(() => open(), DrayageError);
  assert.equal(readFileSync(path, "utf8"), "important\n");
});

test("journal: a row is in the file 5 s after it was added, and not written one by one", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { journal } = open();
  const lines = () => readFileSync(path, "utf8").split("\n").length - 1;
  assert.equal(lines(), 1);
  journal.add(row(1));
  t.mock.timers.tick(3000);
  journal.add(row(2));
  assert.equal(lines(), 1);
  t.mock.timers.tick(2000);
  assert.equal(lines(), 3);
  journal.add(row(3));
  t.mock.timers.tick(5000);
  assert.equal(lines(), 4);
  journal.close();
});

test("journal: taken from a warm-up that may still write, it has the rows from before that one, in a file of its own", () => {
  write([0, 1, 2, 3, 4].map(row));
  const { journal: frozen } = open();
  const rows: JournalRow[] = [];
  const onRow = (found: JournalRow): void => void rows.push(found);
  const journal = WarmupJournal.takeOver({ path, identity, count: 2 }, onRow);
  assert.deepEqual(rows, [0, 1].map(row));
  frozen.add(row(5));
  frozen.sync();
  frozen.discard();
  journal.add(row(6));
  journal.close();
  const { journal: again, rows: after } = open();
  again.close();
  assert.deepEqual(after, [0, 1, 6].map(row));
  assert.throws(
    () => WarmupJournal.takeOver({ path, identity, count: 4 }, onRow),
    /resume it where it was started/,
  );
});

test("journal: discarded, it is gone", () => {
  const { journal } = open();
  journal.add(row(1));
  journal.discard();
  assert.ok(!existsSync(path));
});

test("journal: a folder that is not there is a storage error that names the file", () => {
  path = join(directory, "absent", "x.journal");
  assert.throws(
    () => open(),
    (error: unknown) =>
      error instanceof DrayageError && error.code === "storage" && error.message.includes(path),
  );
});
