// What npm packs, in a project that has nothing else of ours: commands, types, and every example of docs/library.md.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { publint } from "publint";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { type Packed, packed, succeed } from "./packed.ts";

let made: Packed;
before(() => {
  made = packed();
});
after(() => made.remove());

const drayage = (...args: readonly string[]): string =>
  succeed(process.execPath, [join(made.unpacked, "bin/drayage.js"), ...args], {
    cwd: made.project,
  });

test("package: it holds what was built, and nothing of the checkout besides", () => {
  const names = readdirSync(made.unpacked, { recursive: true, encoding: "utf8" });
  const outside = names.filter(
    (name) =>
      !/^(?:bin|dist|docs|docs\/formats|(?:bin|dist)\/.*|docs\/formats\/[\w-]+\.schema\.json|LICENSE|README\.md|package\.json)$/.test(
        name,
      ),
  );
  assert.deepEqual(outside, []);
  assert.deepEqual(
    names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")),
    [],
  );
  assert.match(readFileSync(join(made.unpacked, "dist/man/drayage.1"), "utf8"), /^\.TH DRAYAGE 1/);
});

test("package: whatever starts a thread or a process finds its file", () => {
  const dist = join(made.unpacked, "dist");
  const starters = readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => {
      const text = readFileSync(join(dist, name), "utf8");
      const direct = [...text.matchAll(/`\.\/([\w/-]+)\$\{import\.meta\.url/g)].map((match) => [
        dirname(name),
        match[1] ?? "",
      ]);
      const shared = [...text.matchAll(/threadUrl\("([^"]+)"\)/g)].map((match) => [
        "src/workers",
        match[1] ?? "",
      ]);
      return [...direct, ...shared];
    });
  assert.ok(starters.length >= 10, String(starters.length));
  assert.deepEqual(
    starters.filter(([folder = "", name = ""]) => !existsSync(join(dist, folder, `${name}.js`))),
    [],
  );
});

test("package: the commands run", () => {
  assert.match(drayage("--version"), /^drayage \d+\.\d+\.\d+\n$/);
  // Its figures are not asked for here, and a busy machine may spoil them.
  const demo = succeed(
    process.execPath,
    [join(made.unpacked, "bin/drayage.js"), "demo", "--seconds", "1"],
    { cwd: made.project, exits: [0, 5] },
  );
  assert.match(demo, /^(?:PASS|INVALID) /);
  assert.match(drayage("schema", "results"), /"urn:drayage:schema:results:/);
});

test("package: publint has nothing to say", async () => {
  const { messages } = await publint({ pkgDir: made.unpacked, pack: false });
  assert.deepEqual(messages, []);
});

test("package: its types resolve for every importer of ES modules", () => {
  const attw = "node_modules/.bin/attw";
  const said = succeed(
    process.execPath,
    [attw, made.tarball, "--profile", "esm-only", "--no-color", "--format", "json"],
    { cwd: process.cwd() },
  );
  const { analysis, problems } = JSON.parse(said);
  assert.equal(analysis.types.kind, "included");
  const kinds = Object.keys(problems ?? {});
  assert.deepEqual(
    kinds.filter((kind) => !["NoResolution", "CJSResolvesToESM"].includes(kind)),
    [],
  );
});

const page = readFileSync("docs/library.md", "utf8");
const examples = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);

const TYPES = `import type { LoadPlan, RunPlan } from "drayage";
export const good: LoadPlan = { url: "localhost:1", rate: "10/s", pacing: "economical", allowInvalid: true };
// @ts-expect-error: there is no such pacing.
export const lazy: LoadPlan = { url: "localhost:1", pacing: "lazy" };
// @ts-expect-error: a rate is text.
export const number: LoadPlan = { url: "localhost:1", rate: 3 };
// @ts-expect-error: a load has a URL.
export const nowhere: LoadPlan = { rate: "3/s" };
// @ts-expect-error: there is no such key.
export const key: RunPlan = { config: { trace: { traces: ["a"] }, client_info: { thread: 1 } } };
// @ts-expect-error: there is no such flag.
export const flag: RunPlan = { config: "config.yaml", dry: true };
`;

test("package: TypeScript checks the examples of docs/library.md, and refuses plans that are wrong", () => {
  assert.ok(examples.length >= 7);
  for (const [at, code] of examples.entries())
    writeFileSync(join(made.project, `example-${at}.ts`), code);
  writeFileSync(join(made.project, "types.ts"), TYPES);
  const compilerOptions = {
    module: "nodenext",
    target: "es2024",
    strict: true,
    noEmit: true,
    types: ["node"],
    lib: ["es2024"],
  };
  writeFileSync(
    join(made.project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["*.ts"] }),
  );
  const tsc = join(process.cwd(), "node_modules/.bin/tsc");
  succeed(process.execPath, [tsc, "-p", "."], { cwd: made.project });
});

/** Said behind each example. */
const END = "-- end of the example --";

const says: readonly RegExp[] = [
  /^0 s: \d+ done.*\n(?:.*\n)+exit 130, \d+ done, runs\/.*_load_.*\/report\.html\n$/,
  /^B is \w+; forbidden and found: [01]\ntrue\n$/,
  /^warm-up: exit 0\nrun: exit [05], (\d+) done, validity (?:ok|strained|INVALID)\nagain: \1 done\nconfiguration:1:\d+: registry: expected a list of registries/,
  /^builtin:cache: failed false\n$/,
  /^exit 0: PASS\n$/,
  /^1 batches\n$/,
  /^\/plant\/boiler 20\n\/plant\/boiler 21\n\/plant\/boiler 22\n$/,
  /^true after all\n$/,
  /^60 records, 60 read back\n1 requests\n$/,
  /^(?:car \{ lat: 50\.\d \}\n){3}3 sent\n$/,
];

test("package: the examples of docs/library.md run and print what they say", async (t) => {
  assert.equal(says.length, examples.length);
  const registry = await startEmbeddedRegistryThread();
  t.after(() => registry.close());
  const { host } = new URL(registry.url);
  drayage("trace", "synth", "--out", "trace", "--records", "60", "--rate", "60");
  for (const [at, code] of examples.entries())
    writeFileSync(join(made.project, `running-${at}.ts`), code.replaceAll("localhost:5000", host));
  // One after the other in one process: to load the package costs more than most of them do.
  const all = examples.map((_, at) => `await import("./running-${at}.ts"); console.log("${END}");`);
  writeFileSync(join(made.project, "running.ts"), all.join("\n"));
  const said = succeed(process.execPath, ["running.ts"], { cwd: made.project }).split(`${END}\n`);
  assert.equal(said.pop(), "");
  for (const [at, text] of said.entries()) assert.match(text, says[at] ?? /never/);
  assert.equal(said.length, examples.length);
});

test("package: JavaScript imports it, and is refused with classes that it can tell apart", () => {
  const code = `import { load, DrayageError, UsageError, FileMistakes, run, version } from "drayage";
const refused = async (work) => work.result.then(() => "done", (error) => error);
const usage = await refused(load({ url: "localhost:1", rate: "fast", ratte: 1 }));
const world = await refused(load({ url: "127.0.0.1:1", rate: "1/s" }));
const file = await refused(run({ config: { trace: { trace: [] } } }));
console.log(JSON.stringify([typeof version, usage instanceof UsageError, usage.lines, world instanceof DrayageError, world.code, file instanceof FileMistakes, file.mistakes[0].line]));
`;
  writeFileSync(join(made.project, "plain.mjs"), code);
  const said = JSON.parse(succeed(process.execPath, ["plain.mjs"], { cwd: made.project }));
  assert.deepEqual(said, [
    "string",
    true,
    [
      'unknown option ratte; did you mean "rate"?',
      'rate wants a rate such as 200/s, 1.5k/s or 30/m, not "fast"',
    ],
    true,
    "target-unreachable",
    true,
    1,
  ]);
});
