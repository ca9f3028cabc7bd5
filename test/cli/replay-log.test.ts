import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needsNatsServer, startNatsServer } from "../fakes/nats-server.ts";
import { TmuxTerminal, tmuxMissing } from "../fakes/tmux.ts";
import { drayageProgram, PROGRAM } from "../playback/message-log/program.ts";
import {
  allItems,
  folder,
  itemsOf,
  sampleDirectory,
  until,
  writeLog,
} from "../playback/message-log/sample-logs.ts";

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe("replay-log: wrong usage is one line and exit 2", () => {
  const cases: readonly [args: readonly string[], says: RegExp][] = [
    [[], /--nats URL and --stdout/],
    [["--stdout", "--nats", "x"], /one of --nats/],
    [["--stdout", "--speed", "0"], /--speed/],
    [["--stdout", "--speed", "-1"], /--speed/],
    [["--stdout", "--from", "2", "--to", "1"], /--from/],
    [["--stdout", "--subject", "x"], /--subject needs --nats/],
    [["--stdout", "--body", "json"], /--body needs --nats/],
    [["--nats", "http://x", "--body", "json"], /nats:\/\/127/],
    [["--nats", "x", "--subject", "a..b"], /a\.\.b/],
    [["--stdout", "--topics", "[a"], /topics/],
    [["--stdout", "--length", "0"], /--length/],
    [["--stdout", "--report", "/no/such/folder/x.json"], /--report/],
    [["--stdout", "--report", "/tmp"], /--report: .*it is a folder/],
  ];
  for (const [args, says] of cases) {
    test(args.join(" ") || "no outlet", (t) => {
      const { status, stdout, stderr } = drayageProgram([
        "replay-log",
        sampleDirectory(t),
        ...args,
      ]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, says);
      assert.deepEqual([stdout, stderr.trim().split("\n").length], ["", 1]);
    });
  }
  test("no readable log", (t) => {
    const directory = folder(t);
    assert.equal(drayageProgram(["replay-log", directory, "--stdout"]).status, 2);
    assert.equal(drayageProgram(["replay-log", join(directory, "none"), "--stdout"]).status, 2);
    writeLog(directory, { type: null, items: [] });
    writeLog(directory, {
      type: null,
      items: [{ elapsed_time: 0, topic: "", payload: Buffer.from("x") }],
    });
    const { status, stderr } = drayageProgram(["replay-log", directory, "--stdout"]);
    assert.deepEqual([status, /add --raw/.test(stderr)], [2, true]);
  });
});

test("a directory, a file, a prefix; window, topics, loop, report", (t) => {
  const directory = sampleDirectory(t, { maxEntries: 4 });
  const all = drayageProgram(["replay-log", directory, "--stdout", "--speed", "100"]);
  assert.equal(all.status, 0, all.stderr);
  assert.deepEqual(linesOf(all.stdout), allItems());
  assert.deepEqual(
    linesOf(drayageProgram(["replay-log", join(directory, "A"), "--stdout"]).stdout),
    itemsOf("A"),
  );
  const file = drayageProgram([
    "replay-log",
    join(directory, "A_000.log"),
    "--stdout",
    "--topics",
    "topic/[12]",
  ]);
  assert.deepEqual(linesOf(file.stdout), itemsOf("A").slice(1, 3));

  const report = join(directory, "report.json");
  const part = drayageProgram([
    "replay-log",
    directory,
    "--stdout",
    "--from",
    "0.05",
    "--to",
    "0.2",
    "--loop",
    "3",
    "--report",
    report,
  ]);
  assert.equal(part.status, 0, part.stderr);
  const once = allItems().filter(({ elapsed_time: at }) => at >= 0.05 && at <= 0.2);
  assert.deepEqual(linesOf(part.stdout), [...once, ...once, ...once]);
  const figures = JSON.parse(readFileSync(report, "utf8"));
  assert.deepEqual(Object.keys(figures), [
    "messages",
    "failed",
    "unreadable_lines",
    "bytes",
    "negative_gaps",
    "span",
    "duration",
    "lateness",
    "drift",
  ]);
  assert.deepEqual([figures.messages, figures.span], [21, 0.45]);
  assert.deepEqual(Object.keys(figures.lateness), ["p50", "p90", "p99", "p99.9", "max"]);
});

test("raw logs are left out with a notice, and replayed with --raw", (t) => {
  const directory = sampleDirectory(t);
  writeLog(directory, {
    type: null,
    items: [{ elapsed_time: 0, topic: "r", payload: Buffer.from([255]) }],
  });
  const without = drayageProgram(["replay-log", directory, "--stdout", "--speed", "100"]);
  assert.match(without.stderr, /not replayed, since raw/);
  assert.equal(linesOf(without.stdout).length, 20);
  const withRaw = linesOf(
    drayageProgram(["replay-log", directory, "--stdout", "--speed", "100", "--raw"]).stdout,
  );
  assert.deepEqual(withRaw[1], { elapsed_time: 0, topic: "r", payload: { base64: "/w==" } });
});

test("an unreadable line is told with its place, everything else is sent, exit 8", (t) => {
  const directory = sampleDirectory(t);
  appendFileSync(join(directory, "B.log"), "   broken\n     1.00000    ''          01\n");
  const { status, stdout, stderr } = drayageProgram([
    "replay-log",
    directory,
    "--stdout",
    "--speed",
    "100",
  ]);
  assert.equal(status, 8);
  assert.equal(linesOf(stdout).length, 21);
  assert.match(stderr, /B\.log:25: no elapsed time.*broken/);
});

describe("unfinished .tmp files", () => {
  test("are not replayed, and told; --recover names them", (t) => {
    const directory = sampleDirectory(t);
    renameSync(join(directory, "A.log"), join(directory, "A.tmp"));
    appendFileSync(join(directory, "A.tmp"), "     0.10000    'to");
    const before = drayageProgram(["replay-log", directory, "--stdout", "--speed", "100"]);
    assert.deepEqual(linesOf(before.stdout), itemsOf("B"));
    assert.match(before.stderr, /A\.tmp .*--recover/);
    const recovered = drayageProgram(["replay-log", "--recover", directory]);
    assert.deepEqual(
      [recovered.status, recovered.stdout],
      [0, `${join(directory, "A.log")}  10 entries, 19 bytes of a torn line dropped\n`],
    );
    assert.deepEqual(
      linesOf(drayageProgram(["replay-log", directory, "--stdout", "--speed", "100"]).stdout),
      allItems(),
    );
  });

  test("what would overwrite a log, or has no complete line, stays: exit 8", (t) => {
    const directory = sampleDirectory(t);
    appendFileSync(join(directory, "A.tmp"), readFileSync(join(directory, "A.log")));
    appendFileSync(join(directory, "C.tmp"), "#---");
    const header = readFileSync(join(directory, "A.log"), "utf8").split("     0.0")[0] ?? "";
    const torn = header.slice(0, -20);
    appendFileSync(join(directory, "D.tmp"), torn);
    const { status, stdout } = drayageProgram(["replay-log", "--recover", directory]);
    assert.equal(status, 8);
    const kept = "{2}left as it is.*\\n";
    assert.match(stdout, new RegExp(`A\\.tmp ${kept}.*C\\.tmp ${kept}.*D\\.tmp ${kept}`));
    assert.deepEqual(readdirSync(directory).sort(), ["A.log", "A.tmp", "B.log", "C.tmp", "D.tmp"]);
    assert.equal(readFileSync(join(directory, "D.tmp"), "utf8"), torn);
  });

  test("after kill -9 of the writer all complete entries are recovered", async (t) => {
    const directory = folder(t);
    const url = new URL("../../src/playback/message-log/write-file.ts", import.meta.url).href;
    for (let round = 0; round < 5; round++) {
      const script = `import { WriteFile } from ${JSON.stringify(url)};
        const writer = new WriteFile(${JSON.stringify(join(directory, `K${round}`))}, "K", { timeOrigin: 0 });
        for (let n = 0; ; n++) { writer.write({ elapsed_time: n / 1000, topic: "t", payload: n }); if (n % 100 === 99) process.stdout.write(n + "\\n"); }`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (text) => {
        said += text;
      });
      await until(() => said.split("\n").length > 3 + round, "entries of the writer");
      child.kill("SIGKILL");
      await once(child, "close");
      assert.equal(drayageProgram(["replay-log", "--recover", directory]).status, 0);
      const { stdout } = drayageProgram([
        "replay-log",
        join(directory, `K${round}.log`),
        "--stdout",
        "--speed",
        "1000000",
      ]);
      const values = linesOf(stdout).map(({ payload }) => payload);
      assert.deepEqual(
        values,
        values.map((_, index) => index),
      );
      const last = Number(said.trim().split("\n").at(-1));
      assert.ok(values.length > last, `${values.length} entries, ${last} were told`);
    }
  });
});

describe("a signal stops it, the report is written", () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${signal}: exit ${code}`, async (t) => {
      const directory = sampleDirectory(t);
      const report = join(directory, "report.json");
      const child = spawn(process.execPath, [
        PROGRAM,
        "replay-log",
        directory,
        "--stdout",
        "--speed",
        "0.05",
        "--report",
        report,
      ]);
      let said = "";
      child.stdout.on("data", (text) => {
        said += text;
      });
      await until(() => said.includes("\n"), "the first message");
      child.kill(signal);
      const [exit] = await once(child, "close");
      assert.equal(exit, code);
      const { messages } = JSON.parse(readFileSync(report, "utf8"));
      assert.equal(messages, linesOf(said).length);
      assert.ok(messages >= 1 && messages < 20);
    });
  }
});

test("to NATS: the server that is not there is exit 4; one that is there gets everything", async (t) => {
  const directory = sampleDirectory(t);
  assert.equal(drayageProgram(["replay-log", directory, "--nats", "nats://127.0.0.1:1"]).status, 4);
  const server = await startNatsServer();
  if (server === undefined) return t.skip(needsNatsServer);
  t.after(() => server.stop());
  const { status, stderr } = drayageProgram([
    "replay-log",
    directory,
    "--nats",
    server.url,
    "--speed",
    "100",
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^20 messages in /);
});

test("keys on a terminal: space pauses and goes on, q stops with exit 0, Ctrl-C with 130", async (t) => {
  const missing = tmuxMissing();
  if (missing !== undefined) return t.skip(missing);
  const directory = folder(t);
  writeLog(directory, {
    type: "A",
    items: itemsOf("A").map((item, index) => ({ ...item, elapsed_time: index * 1000 })),
  });
  const terminal = new TmuxTerminal(t, { columns: 160, rows: 30 });
  const command = `${process.execPath} ${PROGRAM} replay-log ${directory} --stdout; echo exit-$?`;
  terminal.type(command);
  await terminal.until(/"topic\/0"/);
  terminal.press("Space");
  await terminal.until(/paused; space goes on/);
  terminal.press("Space");
  await terminal.until(/going on/);
  terminal.press("q");
  await terminal.until(/exit-0/);
  const second = new TmuxTerminal(t, { columns: 160, rows: 30 });
  second.type(command);
  await second.until(/"topic\/0"/);
  second.press("C-c");
  await second.until(/exit-130/);
});

test("the page of the command names every option, and its examples are understood", async () => {
  const { replayLog } = await import("../../src/cli/replay-log.ts");
  const { parseArguments } = await import("../../src/cli/parser.ts");
  const page = readFileSync(new URL("../../docs/message-logs.md", import.meta.url), "utf8");
  for (const name of Object.keys(replayLog.options))
    assert.match(page, new RegExp(`\`--${name}\\b`));
  const commands = page.match(/^drayage replay-log .*$/gm) ?? [];
  assert.equal(commands.length, 5);
  for (const command of commands) {
    const words = command.replace(/ #.*/, "").replaceAll("'", "").trim().split(/ +/).slice(2);
    assert.equal(parseArguments(replayLog, { args: words, env: {} }).positionals.length, 1);
  }
});
