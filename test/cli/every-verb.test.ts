// What holds for each command alike, asked of the catalogue: help, versions, mistakes, and where words go.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command, Option, OptionTable } from "../../src/cli/command.ts";
import { verbs } from "../../src/cli/commands.ts";
import { drayage } from "./fake-terminal.ts";

const ask = (...argv: readonly string[]) => drayage(argv, { verbs });

/** What makes a command line of the command complete, but for one flag. */
function besides({ options, positionals = [] }: Command<OptionTable>, flag: string): string[] {
  const required = Object.entries(options)
    .filter(([name, { required: needed }]) => needed === true && name !== flag)
    .flatMap(([name, { choices }]) => [`--${name}`, choices?.[0] ?? "1"]);
  const words = positionals.filter((name) => !name.startsWith("["));
  return [...required, ...words.map(() => "1")];
}

/** One letter less, which is near enough to be told. */
const misspelt = (word: string): string => `${word.slice(0, -2)}${word.slice(-1)}`;

for (const verb of verbs) {
  const words = verb.name.split(" ");
  const isOriginal = verb.name === "pull";

  test(`drayage ${verb.name}: -h and --help open with its examples, --version tells the version`, async () => {
    const short = await ask(...words, "-h");
    assert.deepEqual(short, await ask(...words, "--help"));
    assert.equal(short.exit, 0);
    assert.equal(short.err, "");
    const { examples } = await verb.load();
    const [first] = examples;
    assert.ok(short.out.startsWith(`Examples:\n  ${first?.type}`), short.out.slice(0, 100));
    const version = await ask(...words, "--version");
    assert.match(version.out, /^drayage \d+\.\d+\.\d+\n$/);
    assert.equal(version.exit, 0);
  });

  test(`drayage ${verb.name}: an unknown flag, and a misspelt one, get a line and exit 2`, async () => {
    const command = await verb.load();
    const rest = besides(command, "");
    const unknown = await ask(...words, ...rest, "--qqqqqqqqqq");
    assert.equal(unknown.exit, 2);
    assert.equal(unknown.out, "");
    assert.match(unknown.err, /^unknown flag --qqqqqqqqqq \(see: drayage .* --help\)\n/m);
    const [long] = Object.keys(command.options).filter((name) => name.length > 5);
    if (long === undefined) return;
    const near = await ask(...words, ...rest, `--${misspelt(long)}=1`);
    assert.equal(near.exit, 2);
    assert.match(
      near.err,
      new RegExp(`^unknown flag --${misspelt(long)}; did you mean --${long}\\?`, "m"),
    );
  });

  test(`drayage ${verb.name}: a value that no flag of it takes gets a line and exit 2`, async () => {
    const command = await verb.load();
    for (const { flag, value, says } of wrongValues(command.options)) {
      const { exit, out, err } = await ask(
        ...words,
        ...besides(command, flag),
        `--${flag}=${value}`,
      );
      assert.equal(exit, 2, `--${flag}=${value}`);
      assert.equal(out, "");
      assert.match(err, says, `--${flag}=${value}`);
      if (!isOriginal) assert.equal(err.trimEnd().split("\n").length, 1, err);
    }
  });

  test(`drayage ${verb.name}: what is required and missing is named, with exit 2`, async () => {
    const { options, positionals = [] } = await verb.load();
    const flags = Object.keys(options).filter((name) => options[name]?.required === true);
    const needed = positionals.filter((name) => !name.startsWith("["));
    if (flags.length + needed.length === 0) return;
    const { exit, err } = await ask(...words);
    assert.equal(exit, 2);
    for (const flag of flags) assert.match(err, new RegExp(`--${flag}\\b.* is missing`));
    if (needed.length > 0)
      assert.match(err, new RegExp(`^${needed[0]?.replaceAll(".", "\\.")} is missing`, "m"));
  });
}

type Wrong = { readonly flag: string; readonly value: string; readonly says: RegExp };

function wrongValues(options: OptionTable): Wrong[] {
  return Object.entries(options).flatMap(([flag, option]: [string, Option]): Wrong[] => {
    const { type, choices, min } = option;
    const [first = ""] = choices ?? [];
    if (first.length > 3)
      return [
        {
          flag,
          value: misspelt(first),
          says: new RegExp(`^--${flag} cannot be "${misspelt(first)}"; did you mean "`, "m"),
        },
      ];
    if (choices !== undefined)
      return [
        { flag, value: "qqqqqqqq", says: new RegExp(`^--${flag} cannot be "qqqqqqqq"`, "m") },
      ];
    if (type === "boolean")
      return [{ flag, value: "maybe", says: new RegExp(`--${flag}\\b.*maybe`) }];
    if (type !== "number") return [];
    const low =
      min === undefined
        ? []
        : [{ flag, value: String(min - 1), says: new RegExp(`^--${flag} wants a`, "m") }];
    return [
      {
        flag,
        value: "many",
        says: new RegExp(`^--${flag} wants a .*number.* and got "many"`, "m"),
      },
      ...low,
    ];
  });
}

for (const { args, says } of [
  {
    args: ["load", "localhost:1", "--log-requests", "bogus"],
    says: /^--log-requests bogus: give none, errors/,
  },
  {
    args: ["run", "-i", "x", "--log-requests", "eror"],
    says: /^--log-requests eror: did you mean errors\?/,
  },
  { args: ["demo", "--log-requests", "sample:0%"], says: /^--log-requests sample:0%: give/ },
  { args: ["load", "localhost:1", "--rate", "fast"], says: /^--rate wants a rate/ },
  { args: ["load", "localhost:1", "--steps", "1"], says: /^--steps wants RATE:TIME/ },
  { args: ["load", "localhost:1", "--duration", "-1s"], says: /--duration/ },
  { args: ["load", "localhost:1", "-T", "p99 ~ 1"], says: /^--threshold "p99 ~ 1", column/ },
  { args: ["demo", "-T", "p99 ~ 1"], says: /^--threshold "p99 ~ 1", column/ },
  { args: ["completion", "fih"], says: /^SHELL cannot be "fih"; did you mean "fish"\?/ },
]) {
  test(`drayage ${args.join(" ")}: refused before anything is done`, async () => {
    const { exit, out, err } = await ask(...args);
    assert.equal(exit, 2);
    assert.equal(out, "");
    assert.match(err, says);
    assert.match(err, /\(see: drayage .* --help\)\n$/);
  });
}

const program = fileURLToPath(new URL("../../bin/drayage.js", import.meta.url));

test("drayage … 2>&1 | head: a run whose messages nobody reads goes on to its end", () => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-unheard-"));
  try {
    const shell = `"$0" "$1" demo --seconds 1 --out run 2> >(head -n 1 > /dev/null)`;
    const { stdout, status } = spawnSync(
      "bash",
      ["--norc", "-c", shell, process.execPath, program],
      {
        encoding: "utf8",
        timeout: 60_000,
        cwd: folder,
        env: { PATH: process.env.PATH },
      },
    );
    // A busy machine may have kept it from being in time.
    assert.ok(status === 0 || status === 5, `${status}`);
    assert.match(stdout, /^(?:PASS|INVALID) /);
    assert.ok(existsSync(join(folder, "run/run/report.html")));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const command of [
  "--help",
  "completion bash",
  "man",
  "schema config",
  "init run -o -",
  "record --example",
]) {
  test(`drayage ${command} | head: ends quietly when nobody reads on`, () => {
    const shell = `set -o pipefail; "$0" "$1" ${command} | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync(
      "bash",
      ["--norc", "-c", shell, process.execPath, program],
      {
        encoding: "utf8",
        timeout: 20_000,
        env: { PATH: process.env.PATH },
      },
    );
    assert.equal(stderr, "");
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.equal(lines[1], "0");
  });
}
