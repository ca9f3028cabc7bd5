// The terminal is given back whatever ends the process, and colours follow the environment.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { TmuxTerminal, tmuxMissing } from "../fakes/tmux.ts";
import { folderFor } from "../trace/fixtures.ts";
import { Workplace } from "./workplace.ts";

const program = fileURLToPath(new URL("../../bin/drayage.js", import.meta.url));
const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  await registry.close();
  place.leave();
});

/** Loaded before the program: says which process it is, and makes it stumble on demand. */
const helper = (pidFile: string): string => `import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
if (isMainThread) {
  writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
  process.on("SIGUSR2", () => { throw new Error("stumbled"); });
}
`;

/** A load that goes on for a minute, in a terminal, once its frame is there. */
async function running(t: TestContext): Promise<{ terminal: TmuxTerminal; pid: number }> {
  const folder = folderFor(t);
  const pidFile = join(folder, "pid");
  writeFileSync(join(folder, "helper.mjs"), helper(pidFile));
  const terminal = new TmuxTerminal(t, { columns: 80, rows: 24 });
  const words = `load ${registry.url} --rate 50/s --duration 60s --out ${join(folder, "run")} --allow-invalid`;
  terminal.type(
    `env -u CI '${process.execPath}' --import '${join(folder, "helper.mjs")}' '${program}' ${words}; echo ENDED=$?; stty -a`,
  );
  await terminal.until(/^p pause/m);
  assert.equal(terminal.cursorIsVisible(), false);
  return { terminal, pid: Number(readFileSync(pidFile, "utf8")) };
}

const missing = tmuxMissing();

describe("terminal: given back, cursor and keyboard,", { concurrency: true }, () => {
  for (const { name, signals, ends } of [
    { name: "after SIGTERM", signals: ["SIGTERM"], ends: /ENDED=143\b/ },
    { name: "after SIGTERM twice", signals: ["SIGTERM", "SIGTERM"], ends: /ENDED=143\b/ },
    { name: "after a crash", signals: ["SIGUSR2"], ends: /stumbled[\s\S]*ENDED=[17]\b/ },
    { name: "after SIGQUIT", signals: ["SIGQUIT"], ends: /ENDED=131\b/ },
  ] as const) {
    test(name, async (t) => {
      if (missing !== undefined) return t.skip(missing);
      const { terminal, pid } = await running(t);
      for (const signal of signals) process.kill(pid, signal);
      const screen = await terminal.until(/ENDED=\d+[\s\S]* icanon/, { history: true });
      assert.match(screen, ends);
      assert.match(
        screen.slice(screen.indexOf("ENDED=")),
        /(?<![-\w])icanon\b[\s\S]*(?<![-\w])echo\b/,
      );
      assert.doesNotMatch(screen, /^p pause/m, "the frame is gone");
      assert.equal(terminal.cursorIsVisible(), true);
      assert.equal(terminal.alternateScreenIsOn(), false);
    });
  }
});

/** What a terminal is sent; `script` makes one. Undefined without it. */
function inTerminal(line: string, env: NodeJS.ProcessEnv): string | undefined {
  const { error, stdout, status } = spawnSync("script", ["-qec", line, "/dev/null"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, TERM: "xterm-256color", ...env },
    cwd: place.directory,
    timeout: 40_000,
  });
  if (error !== undefined) return undefined;
  assert.equal(status, 0, stdout);
  return stdout;
}

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`);

test("terminal: colours follow FORCE_COLOR, NO_COLOR and TERM, in frames and summaries", async (t) => {
  const { code, err } = await place.drayage([
    "load",
    registry.url,
    "--rate",
    "50/s",
    "--duration",
    "1s",
    "--allow-invalid",
    "--out",
    "coloured",
  ]);
  assert.equal(code, 0, err);
  const report = `'${process.execPath}' '${program}' report coloured`;
  for (const { env, line = report, coloured } of [
    { env: {}, coloured: true },
    { env: { NO_COLOR: "1" }, coloured: false },
    { env: { NO_COLOR: "" }, coloured: true },
    { env: { TERM: "dumb" }, coloured: false },
    { env: { FORCE_COLOR: "0" }, coloured: false },
    { env: { FORCE_COLOR: "1", NO_COLOR: "1" }, coloured: true },
    { env: {}, line: `${report} | cat`, coloured: false },
    { env: { FORCE_COLOR: "1" }, line: `${report} | cat`, coloured: true },
  ]) {
    const said = inTerminal(line, env);
    if (said === undefined) return t.skip("needs script: apt-get install bsdutils");
    assert.equal(COLOUR.test(said), coloured, `${JSON.stringify(env)} ${line}\n${said}`);
  }
  const load = `'${process.execPath}' '${program}' load ${registry.url} --rate 50/s --duration 1500ms --allow-invalid`;
  const plain = inTerminal(load, { NO_COLOR: "1" }) ?? "";
  assert.match(plain, /p pause/, "there was a frame, though this terminal was told no size");
  assert.doesNotMatch(plain, /Infinity|NaN/);
  assert.doesNotMatch(plain, COLOUR);
});
