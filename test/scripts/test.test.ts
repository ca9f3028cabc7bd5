// scripts/test and scripts/debian-servers in a made-up checkout.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

const root = mkdtempSync(join(tmpdir(), "drayage scripts "));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "scripts"));
mkdirSync(join(root, "test"));
copyFileSync("scripts/test", join(root, "scripts/test"));
writeFileSync(join(root, "scripts/debian-servers"), "#!/bin/sh\n", { mode: 0o755 });
writeFileSync(join(root, "package.json"), '{ "type": "module" }');

const file = (name: string, body: string) =>
  writeFileSync(join(root, `test/${name}.test.ts`), `import { test } from "node:test";\n${body}\n`);
// A test may be called as a file is.
file("good", 'test("adds", () => {}); test("like good.test.ts", () => {});');
file("bad", 'test("breaks", () => { throw new Error("no"); });');
mkdirSync(join(root, "hollow"));
writeFileSync(join(root, "hollow/hollow.test.ts"), "export const nothing = 1;");
file("skips", 'test("asks a server", (t) => t.skip("needs skopeo: apt-get install skopeo"));');

// Inside a test runner NODE_TEST_CONTEXT is set, and a runner below it would report to it instead of printing.
const { NODE_TEST_CONTEXT: _, ...outside } = process.env;
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;

for (const { it, files, ci = "", status, out, err } of [
  { it: "passes", files: ["test/good.test.ts"], status: 0, out: /tests 2\n.*pass 2\n/s, err: /^$/ },
  {
    it: "fails with the runner",
    files: ["test/bad.test.ts"],
    status: 1,
    out: /fail 1\n/,
    err: /^$/,
  },
  { it: "runs all files by itself", files: [], status: 1, out: /tests 4\n/, err: /^$/ },
  {
    it: "runs all files that an option selects from",
    files: ["--test-name-pattern=adds"],
    status: 0,
    out: /✔ adds/,
    err: /^$/,
  },
  {
    it: "refuses a file without tests",
    files: ["test/good.test.ts", "hollow/hollow.test.ts"],
    status: 1,
    out: /tests 3\n/,
    err: /no test is in: hollow\/hollow\.test\.ts/,
  },
  {
    it: "refuses an option that selects nothing",
    files: ["--test-name-pattern=nothing"],
    status: 1,
    out: /tests 3\n/,
    err: /no test ran/,
  },
  {
    it: "refuses to run nothing",
    files: ["test/nothing*.ts"],
    status: 1,
    out: /tests 0\n/,
    err: /no test ran/,
  },
  {
    it: "allows a skipped test",
    files: ["test/skips.test.ts"],
    status: 0,
    out: /needs skopeo/,
    err: /^$/,
  },
  {
    it: "accepts no skipped test in CI",
    files: ["test/skips.test.ts"],
    ci: "true",
    status: 1,
    out: /skipped 1\n/,
    err: /1 were skipped:\n {2}asks a server: needs skopeo: apt-get install skopeo\n/,
  },
]) {
  test(`npm test ${it}: ${files.join(" ")}${ci ? " with CI" : ""}`, () => {
    const ended = spawnSync(join(root, "scripts/test"), files, {
      env: { ...outside, PATH, CI: ci },
      encoding: "utf8",
    });
    assert.match(ended.stdout, out);
    assert.match(ended.stderr, err);
    assert.equal(ended.status, status);
  });
}

/** A PATH that holds only these programs, each found on this machine or, with a body, made up. */
function pathOf(programs: Record<string, string | null>): string {
  const bin = mkdtempSync(join(root, "bin-"));
  for (const [name, body] of Object.entries(programs)) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
    if (body === null) symlinkSync(found, join(bin, name));
    else writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  return bin;
}

const SERVERS = [
  ...["docker-registry", "skopeo", "umoci", "htpasswd", "openssl", "mariadbd", "nats-server"],
  ...["bzip2", "nginx", "tmux", "promtool", "ip", "iptables", "gnuplot", "chromium"],
  ...["zsh", "fish", "man", "pdflatex", "systemd-analyze", "kubectl"],
];
const present = Object.fromEntries(SERVERS.map((name) => [name, "exit 0"]));
const { skopeo: _skopeo, htpasswd: _htpasswd, ...someMissing } = present;

for (const { it, programs, err } of [
  { it: "nothing is missing, nothing is said", programs: present, err: "" },
  {
    it: "the user is not root, the line to type is printed",
    programs: someMissing,
    err:
      "drayage: tests that need missing programs will be skipped; " +
      "on Debian type: sudo apt-get install skopeo apache2-utils\n",
  },
]) {
  test(`debian-servers: where ${it}`, () => {
    const ended = spawnSync("/bin/sh", ["scripts/debian-servers"], {
      env: {
        PATH: pathOf({ ...programs, cat: null, id: "echo 1000", "apt-get": "echo called >&2" }),
      },
      encoding: "utf8",
    });
    assert.equal(ended.stderr, err);
    assert.equal(ended.status, 0);
  });
}
