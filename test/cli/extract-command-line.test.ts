import assert from "node:assert/strict";
import { test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { attachedValues } from "../../src/cli/extract/attached-values.ts";
import { commandLine } from "../../src/cli/extract/command-line.ts";
import { untilInterrupted } from "../../src/cli/extract/until-interrupted.ts";
import { drayage } from "./fake-terminal.ts";

test("a manifest's command line tells neither secrets nor names of the operator's", () => {
  const given = {
    "exclude-user": ["u-alice", "u-bob"],
    "exclude-project": ["p-one"],
    password: "s3cret",
    salt: "salty",
    host: "db1.corp.example",
    "key-file": "/home/alice/mask.key",
    report: "/home/alice/report.json",
    sort: "created",
    start: "2015-09-17",
    shadow: true,
    strict: false,
    verify: undefined,
  };
  const positionals = ["/home/alice/trace.csv"];
  const line = commandLine(given, { verb: "extract instances", positionals });
  assert.deepEqual(line, [
    ...["drayage", "extract", "instances"],
    ...["--exclude-user=[removed]", "--exclude-user=[removed]", "--exclude-project=[removed]"],
    ...["--password=[removed]", "--salt=[removed]", "--host=[removed]", "--key-file=[removed]"],
    ...["--report=[removed]", "--sort=created", "--start=2015-09-17", "--shadow", "trace.csv"],
  ]);
});

for (const moving of [{ "time-shift": "key" }, { time: "relative" }]) {
  test(`bounds of the source's times are not told beside moved ones: ${Object.keys(moving)}`, () => {
    const given = { ...moving, start: "2015-09-17", end: "2016-01-01", out: "/data/alice/t.json" };
    const line = commandLine(given, { verb: "extract instances", positionals: [] }).join(" ");
    assert.doesNotMatch(line, /2015|2016|alice/);
    assert.match(line, /--start=\[removed\] --end=\[removed\] --out=t\.json/);
  });
}

const letters = {
  password: { type: "string", alias: "p", help: "" },
  jsons: { type: "boolean", alias: "j", help: "" },
  port: { type: "number", alias: "P", help: "" },
} as const;

for (const { args, gives } of [
  { args: ["-ps3cret", "-P3306"], gives: ["-p=s3cret", "-P=3306"] },
  { args: ["-pa=b", "-p=c", "-p", "d"], gives: ["-p=a=b", "-p=c", "-p", "d"] },
  { args: ["-password", "-j", "-jx", "--p"], gives: ["-password", "-j", "-jx", "--p"] },
  { args: ["--", "-pfile"], gives: ["--", "-pfile"] },
]) {
  test(`values behind their letters: ${args.join(" ")}`, () => {
    assert.deepEqual(attachedValues(letters, args), gives);
  });
}

test("a password behind its letter is one, and is not printed", async () => {
  const args = ["extract", "machines", "-ps3cret", "-mnone", "--backup-dir", "/nowhere", "-"];
  const { exit, err } = await drayage(args, { verbs });
  assert.equal(exit, 2);
  assert.match(err, /--password: not used.*\ncannot read the folder of backups/s);
  assert.doesNotMatch(err, /s3cret/);
});

test("a terminal that goes away ends an extraction as SIGTERM does", async (t) => {
  const exit = t.mock.method(process, "exit", (() => undefined) as () => never);
  t.mock.method(process.stderr, "write", () => true);
  const aborted = t.mock.fn();
  const ended = untilInterrupted(() => new Promise(() => undefined), aborted);
  process.emit("SIGHUP");
  await assert.rejects(ended, /interrupted/);
  assert.deepEqual(exit.mock.calls[0]?.arguments, [143]);
  assert.equal(aborted.mock.callCount(), 1);
});
