// The program as the shell sees it: exit codes and streams of the real process.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { verbs } from "../../src/cli/commands.ts";
import { fileWith } from "./config-file.ts";

const program = fileURLToPath(new URL("../../bin/drayage.js", import.meta.url));
const LIMIT_MS = 20_000;

function run(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    timeout: LIMIT_MS,
    env: { PATH: process.env.PATH },
  });
  return { status, out: stdout, err: stderr };
}

const misspelt = fileWith("trace: {traces: [a]}\nclient_info:\n  thread: 3\n");

for (const { name, args, status, says } of [
  { name: "no command", args: [], status: 2, says: /^which command\?/ },
  {
    name: "an unknown command",
    args: ["rnu"],
    status: 2,
    says: /^unknown command "rnu"; did you mean "run"\?/,
  },
  {
    name: "an unknown flag",
    args: ["run", "--jsn"],
    status: 2,
    says: /^unknown flag --jsn; did you mean --json\?/,
  },
  {
    name: "an unknown mode of master",
    args: ["master", "-c", "wramup", "-i", "x"],
    status: 2,
    says: /did you mean "warmup"\?/,
  },
  {
    name: "a configuration that is not there",
    args: ["run", "-i", "no/such.yaml"],
    status: 2,
    says: /^no\/such\.yaml does not exist/,
  },
  {
    name: "a misspelt key",
    args: ["run", "-i", misspelt],
    status: 2,
    says: /config\.yaml:3:3: unknown key "client_info\.thread"; did you mean "threads"\?\n/,
  },
  {
    name: "a misspelt key, by way of master",
    args: ["master", "-c", "warmup", "-i", misspelt],
    status: 2,
    says: /config\.yaml:3:3: unknown key/,
  },
]) {
  test(`drayage: ${name} exits with ${status} and says so on standard error`, () => {
    const said = run(...args);
    assert.match(said.err, says);
    assert.equal(said.out, "");
    assert.equal(said.status, status);
  });
}

test("drayage --help opens with examples, names every command and exits with 0", () => {
  const { status, out, err } = run("--help");
  assert.equal(status, 0);
  assert.equal(err, "");
  assert.match(out, /^Examples:\n/);
  for (const { name } of verbs) assert.ok(out.includes(`drayage ${name} `), name);
});

for (const verb of verbs) {
  test(`drayage ${verb.name}: the catalogue agrees with the command, and its help lists every flag`, async () => {
    const command = await verb.load();
    assert.equal(command.name, verb.name);
    assert.equal(command.summary, verb.summary);
    assert.ok(command.examples.length > 0);
    // A variable of the environment may stand before it.
    const typed = command.examples.map(({ type }) => type.replace(/^(?:[A-Z_]+=\S+ )+/, ""));
    for (const type of typed) assert.ok(type.startsWith(`drayage ${verb.name}`), type);
    const letters = Object.values(command.options).flatMap(({ alias }) => alias ?? []);
    assert.equal(new Set(letters).size, letters.length, "two flags share a letter");
    assert.ok(!letters.includes("h"), "-h is help");
  });
}

test("drayage: a reader that closes the pipe ends it quietly", async () => {
  const child = spawn(process.execPath, [program, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [status] = await once(child, "close", { signal: AbortSignal.timeout(LIMIT_MS) });
  assert.equal(err, "");
  assert.equal(status, 0);
});
