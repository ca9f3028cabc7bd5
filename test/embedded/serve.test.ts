import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../../src/cli/serve.ts";
import { ExitCode } from "../../src/core/exit-code.ts";
import { startEmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { drayage } from "../cli/fake-terminal.ts";
import { converse, send } from "./exchange-script.ts";
import { digestOf } from "./sample-content.ts";

const verbs = [{ name: "serve", summary: "", load: () => Promise.resolve(serve) }] as const;

for (const { flags, says } of [
  { flags: ["--listen", "nowhere"], says: /--listen wants HOST:PORT/ },
  { flags: ["--listen", "127.0.0.1:70000"], says: /--listen wants HOST:PORT/ },
  { flags: ["--memory", "much"], says: /--memory wants a size such as 1GiB/ },
  { flags: ["--fault", "blob=explode"], says: /--fault wants MATCH=KIND@RATE/ },
  { flags: ["--latency", "blob=soon"], says: /--latency wants MATCH=DIST/ },
  { flags: ["--bandwidth", "50MB"], says: /--bandwidth wants a rate/ },
  { flags: ["--bandwidth", "0MB/s"], says: /--bandwidth wants a rate/ },
  { flags: ["--behave", "cran"], says: /did you mean "crane"/ },
  { flags: ["--strict", "--behave", "crane"], says: /contradict each other/ },
  { flags: ["--tls-key", "x"], says: /go together/ },
  {
    flags: ["--tls-key", "package.json", "--tls-cert", "package.json"],
    says: /cannot start the registry/,
  },
  { flags: ["--htpasswd", "nowhere/file"], says: /--htpasswd: cannot read the file/ },
  { flags: ["--htpasswd", "package.json"], says: /--htpasswd, line 1: wants user:bcrypt-hash/ },
  { flags: ["--access-log", "nowhere/file"], says: /cannot start the registry.*nowhere/ },
  { flags: ["--generate", "repos=many"], says: /repos wants a number from 1 to/ },
  { flags: ["--token-ttl", "60"], says: /--token-ttl wants a duration/ },
  { flags: ["--page-max", "0"], says: /--page-max wants/ },
  { flags: ["--proxy", "127.0.0.1:1"], says: /wants a URL such as http:/ },
  { flags: ["--proxy", "http://a:b@127.0.0.1:1"], says: /credentials .* use --upstream-user/ },
  { flags: ["--proxy", "http://127.0.0.1:1/?a"], says: /has no "\?"/ },
  { flags: ["--proxy", "http://127.0.0.1:1", "--generate", "repos=1"], says: /--generate/ },
  { flags: ["--upstream", "http://127.0.0.1:1"], says: /--upstream wants NAME=URL/ },
  { flags: ["--upstream", "a/b=http://127.0.0.1:1"], says: /--upstream wants NAME=URL/ },
  {
    flags: ["--upstream", "a.b=http://127.0.0.1:1", "--upstream", "A.b=http://127.0.0.1:2"],
    says: /--upstream A\.b is given twice/,
  },
  {
    flags: ["--proxy", "http://127.0.0.1:1", "--upstream", "127.0.0.1:1=http://127.0.0.1:2"],
    says: /--upstream 127\.0\.0\.1:1 is the name that --proxy has/,
  },
  {
    flags: ["--proxy", "http://127.0.0.1:1", "--default-ns", "c.d"],
    says: /--default-ns c\.d names no upstream: known are 127\.0\.0\.1:1/,
  },
  {
    flags: ["--proxy", "http://127.0.0.1:1", "--park-timeout", "60"],
    says: /--park-timeout wants/,
  },
  {
    flags: ["--proxy", "http://127.0.0.1:1", "--park-timeout", "1000h"],
    says: /--park-timeout must be below 596h/,
  },
  { flags: ["--proxy", "http://127.0.0.1:1", "--fetch", "never"], says: /--fetch/ },
  { flags: ["--layout", "none"], says: /--layout writes images: add --generate SPEC/ },
  {
    flags: ["--layout", "test", "--generate", "repos=1"],
    says: /^--layout: test is not empty$/m,
  },
  { flags: ["--no-parking"], says: /--no-parking is for a pull-through cache: give --proxy/ },
  { flags: ["--revalidate"], says: /--revalidate is for a pull-through cache/ },
  { flags: ["--proxy", "http://127.0.0.1:1", "--upstream-cert", "x"], says: /go together/ },
  {
    flags: ["--proxy", "http://127.0.0.1:1", "--upstream-ca", "none"],
    says: /cannot read the file/,
  },
  { flags: ["--proxy", "http://127.0.0.1:1", "--upstream-user", "a"], says: /go together/ },
  {
    flags: [
      "--proxy",
      "http://127.0.0.1:1",
      "--upstream-user",
      "a",
      "--upstream-password-env",
      "NO_SUCH_VARIABLE",
    ],
    says: /there is no variable NO_SUCH_VARIABLE/,
  },
]) {
  test(`serve ${flags.join(" ")} is refused in one line`, async () => {
    const { exit, out, err } = await drayage(["serve", ...flags], { verbs });
    assert.equal(exit, ExitCode.usage);
    assert.equal(out, "");
    assert.match(err, says);
    assert.equal(err.trimEnd().split("\n").length, 1);
  });
}

test("serve: a port in use is told in one line", async (t) => {
  const { port, close } = await startEmbeddedRegistry();
  t.after(() => close());
  const { exit, err } = await drayage(["serve", "--listen", `127.0.0.1:${port}`], { verbs });
  assert.deepEqual([exit, err.trimEnd().split("\n").length], [ExitCode.usage, 1]);
  assert.match(err, /is in use: choose another one with --listen/);
});

test("serve: --help opens with examples", async () => {
  const { exit, out } = await drayage(["serve", "--help"], { verbs });
  assert.equal(exit, ExitCode.done);
  assert.match(out, /^Examples:\n {2}drayage serve /);
});

interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<unknown[]>;
}

async function startServe(...flags: string[]): Promise<Served> {
  const child = spawn(process.execPath, [
    "src/main.ts",
    "serve",
    "--listen",
    "127.0.0.1:0",
    ...flags,
  ]);
  const exit = once(child, "exit");
  let [out, err] = ["", ""];
  const isReady = new Promise<void>((resolve) => {
    child.stdout.on("data", (text) => {
      out += text;
    });
    child.stderr.on("data", (text) => {
      err += text;
      if (err.includes("Ctrl-C")) resolve();
    });
  });
  await Promise.race([isReady, exit]);
  assert.match(out, /^\d+\n$/, err);
  return { url: `http://127.0.0.1:${out.trim()}`, child, said: () => err, exit };
}

for (const { signal, code } of [
  { signal: "SIGINT", code: ExitCode.interrupted },
  { signal: "SIGTERM", code: ExitCode.terminated },
] as const) {
  test(`serve: prints the port first, answers, and ${signal} lets requests under way end`, async (t) => {
    const { url, child, said, exit } = await startServe("--latency", "catalog=fixed(300ms)");
    t.after(() => child.kill("SIGKILL"));
    await converse(url, [{ when: "GET /v2/", expect: 200 }]);
    const slow = send({ method: "GET", url: `${url}/v2/_catalog` });
    await untilConnected(url);
    child.kill(signal);
    assert.equal((await slow).status, 200);
    assert.deepEqual((await exit)[0], code);
    assert.match(
      said(),
      /^embedded registry at http:\/\/127\.0\.0\.1:\d+: in memory, up to 1GiB\n/,
    );
  });
}

test("serve: a second signal cuts the requests off", async (t) => {
  const { url, child, exit } = await startServe("--latency", "catalog=fixed(60s)");
  t.after(() => child.kill("SIGKILL"));
  const slow = send({ method: "GET", url: `${url}/v2/_catalog` });
  await untilConnected(url);
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGINT");
  assert.deepEqual((await exit)[0], ExitCode.interrupted);
  assert.equal((await slow).failure, "ECONNRESET");
});

// The fault table counts a request as soon as its head is there, before it waits.
async function untilConnected(url: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const { body } = await send({ method: "GET", url: `${url}/_drayage/faults` });
    if (JSON.parse(String(body))[0].matched > 0) return;
  }
  assert.fail("the slow request did not arrive");
}

test("serve --layout writes the images that --generate asks for, each blob under its digest", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-layout-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = join(folder, "images");
  const spec = "repos=2,layers=2,sizes=700,platforms=linux/amd64+linux/arm64";
  const { exit, err } = await drayage(["serve", "--generate", spec, "--layout", root], { verbs });
  assert.equal(exit, ExitCode.done, err);
  type Descriptor = { digest: string; size: number; annotations?: Record<string, string> };
  type Manifest = Partial<Record<"manifests" | "layers", Descriptor[]> & { config: Descriptor }>;
  const seen = new Set<string>();
  const visit = ({ digest, size }: Descriptor): void => {
    if (seen.has(digest)) return;
    seen.add(digest);
    const content = readFileSync(join(root, "blobs", ...digest.split(":")));
    assert.deepEqual([digestOf(content), content.length], [digest, size]);
    if (!content.toString("latin1", 0, 20).includes("schemaVersion")) return;
    const { manifests = [], layers = [], config } = JSON.parse(content.toString()) as Manifest;
    for (const part of [...manifests, ...layers, ...(config ? [config] : [])]) visit(part);
  };
  const index = JSON.parse(readFileSync(join(root, "index.json"), "utf8")) as Required<Manifest>;
  index.manifests.forEach(visit);
  const names = index.manifests.map(
    ({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? "",
  );
  assert.equal(names.length, 2);
  for (const name of names) assert.match(name, /^[a-z]{10}-[a-z]{10}:v1$/);
  // An index, two manifests, two configs and four layers of each.
  assert.equal(seen.size, 18);
  assert.match(err, /: images 2, blobs 12, /);
});
