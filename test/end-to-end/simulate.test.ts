// `drayage simulate` as its users run it: shipped simulations, plug-ins in JavaScript, TypeScript and Python, and what goes wrong.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { verbs } from "../../src/cli/commands.ts";
import { random } from "../../src/core/random.ts";
import { drayage as inProcess } from "../cli/fake-terminal.ts";
import { needsSample, sample, type Traced, trace } from "./traced.ts";
import { type Ended, Workplace } from "./workplace.ts";

const original = (name: string): string =>
  fileURLToPath(new URL(`../plugins/simulations/original-style/${name}`, import.meta.url));

/** The first of these programs that runs and is of this version. */
function python(version: string, candidates: readonly string[]): string | undefined {
  const print = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])";
  return candidates.find((program) => {
    const { stdout } = spawnSync(program, ["-c", print], { encoding: "utf8" });
    return typeof stdout === "string" && stdout.startsWith(version);
  });
}

const home = process.env.PYENV_ROOT ?? join(process.env.HOME ?? "", ".pyenv");
const python3 = python("3.", ["python3"]);
const python2 = python("2.7", ["python2.7", join(home, "versions/2.7.18/bin/python2.7")]);
const needsPython3 = "needs python3: apt-get install python3";
const needsPython2 = "needs python2.7: pyenv install 2.7.18";

const chance = random("simulate");
/** Small objects and large ones, pushes, pulls and manifests. */
const mixed: Traced[] = Array.from({ length: 3000 }, (_, index) => {
  const object = Math.floor(400 * chance.next() ** 2);
  const kind = chance.integer(20);
  const client = `c${chance.integer(5)}`;
  const name = `v2/u${object % 7}/r`;
  if (kind === 0) return { uri: `${name}/manifests/m`, at: index, size: 500, client };
  if (kind === 1)
    return {
      uri: `${name}/blobs/uploads/x${index}`,
      method: "PUT",
      at: index,
      size: 5000 * object + 100,
      client,
    };
  const size = object % 40 === 0 ? 3e6 + object : 1 + ((object * 7919) % 40_000);
  return { uri: `${name}/blobs/d${object}`, at: index, size, client };
});

const settings = { registry: undefined, "warmup.output": undefined };

let place: Workplace;
before(() => {
  place = new Workplace();
  place.configure(trace(mixed), settings);
  place.write(
    "few.json",
    JSON.stringify(
      trace([
        { uri: "v2/a/b/blobs/c", size: 7, at: 0.5, client: "cafe0001", duration: 0.25 },
        { uri: "v2/a/b/manifests/m", size: 3, at: 2 },
      ]),
    ),
  );
});
after(() => place.leave());

const setsOf = (sets: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(sets).flatMap(([key, value]) => [
    "--set",
    `simulate.${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);

const simulate = (
  sets: Readonly<Record<string, unknown>>,
  {
    flags = [],
    env = {},
  }: { flags?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> =>
  place.drayage(["simulate", "-i", "config.yaml", "--quiet", ...setsOf(sets), ...flags], { env });
const few = ["--set", "trace.traces=[few.json]"];

const linesOf = (text: string): string[] => text.trimEnd().split("\n");
const twelve = (text: string): string[] =>
  linesOf(text).filter((line) => /^0 \d\d \w+ \w+: \d+$/.test(line));

describe("simulate: the sample", () => {
  test("cache.py with size 1 prints the twelve known lines, from the shipped counterpart", async (t) => {
    const records = sample(Number.POSITIVE_INFINITY);
    if (records === undefined) return t.skip(needsSample);
    place.write("sample.json", JSON.stringify(records));
    const { code, out, err } = await simulate(
      { name: "cache.py", args: { cache_size: 1 } },
      { flags: ["--set", "trace.traces=[sample.json]"] },
    );
    assert.equal(code, 0, err);
    assert.match(err, /cache\.py is not there: builtin:two-tier runs in its place/);
    const figures = { "lmu hits": 371, "lmu misses": 492, "h hits": 0, "h misses": 0 };
    assert.deepEqual(linesOf(out), [
      "running cache simulation",
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => `${tenth}0% done`),
      ...[10, 15, 20].flatMap((tier) =>
        Object.entries(figures).map(([name, count]) => `0 ${tier} ${name}: ${count}`),
      ),
    ]);
  });
});

describe("simulate: builtin:cache", () => {
  test("a table, and a page with curves", async () => {
    const args = { policies: ["lru", "belady"], sizes: [0.1, 0.5] };
    const { code, out, err } = await simulate(
      { name: "builtin:cache", args },
      { flags: ["--out", "curves"] },
    );
    assert.equal(code, 0, err);
    assert.match(out, /^requests +2,\d{3}, of which 0 warm the caches\n/);
    assert.match(out, /\nhit ratio +lru +belady\n[^\n]*\(10%\) +\d+\.\d% +\d+\.\d%\n/);
    assert.match(
      place.text("curves/report.html"),
      /"hit-ratio":\[\{"name":"hit ratio","x":"bytes"/,
    );
  });

  test("a list of URIs: sizes are numbers of objects", async () => {
    place.write("uris.csv", "v2/a/b/blobs/x\nv2/a/b/blobs/y\nv2\nv2/a/b/blobs/x\n");
    const { code, out, err } = await simulate(
      { name: "builtin:cache", args: { policies: "fifo", sizes: [2] } },
      { flags: ["--set", "trace.traces=[uris.csv]"] },
    );
    assert.equal(code, 0, err);
    assert.match(out, /without a size +3 requests: an object of unknown size counts as 1 byte/);
    assert.match(out, /\n2B +fifo +1 +33\.3%/);
  });

  test("a place that cannot be written costs no figures", async () => {
    const { code, err } = await simulate(
      { name: "builtin:prefetch", args: { outfile: "nowhere/16.csv" } },
      { flags: ["--out", "kept"] },
    );
    assert.equal(code, 1);
    assert.match(
      err,
      /^the figures are in kept\/results\.json, but nowhere\/16\.csv cannot be written: ENOENT[^\n]*\n$/,
    );
    assert.equal(
      place.json<{ result: { kind: string } }>("kept/results.json").result.kind,
      "prefetch",
    );
  });
});

describe("simulate: plug-ins of the original's kind", () => {
  for (const { interpreter, needs, notice } of [
    {
      interpreter: python3,
      needs: needsPython3,
      notice: /^cache\.py is Python 2 \(.*\): converted in memory, the file stays as it is\n$/,
    },
    { interpreter: python2, needs: needsPython2, notice: /^$/ },
  ]) {
    const word = interpreter === python3 ? "python3" : "python2.7";
    for (const size of [0.0001, 0.004]) {
      test(`cache.py under ${word} prints what builtin:two-tier prints in compatible mode, size ${size}`, async (t) => {
        if (interpreter === undefined) return t.skip(needs);
        copyFileSync(original("cache.py"), place.path("cache.py"));
        const args = { cache_size: size };
        const theirs = await simulate(
          { name: "cache.py", args },
          { env: { DRAYAGE_PYTHON: interpreter } },
        );
        assert.equal(theirs.code, 0, theirs.err);
        assert.match(theirs.err, notice);
        const ours = await simulate({ name: "builtin:two-tier", args: { ...args, compat: true } });
        assert.equal(ours.code, 0, ours.err);
        assert.equal(twelve(ours.out).length, 12);
        assert.deepEqual(twelve(theirs.out), twelve(ours.out));
        assert.equal(place.text("cache.py"), readFileSync(original("cache.py"), "utf8"));
        assert.equal(existsSync(place.path("__pycache__")), false);
      });
    }
    test(`prefetch.py under ${word} writes what builtin:prefetch writes in compatible mode`, async (t) => {
      if (interpreter === undefined) return t.skip(needs);
      copyFileSync(original("prefetch.py"), place.path("prefetch.py"));
      // No plug-in, and so no match for the name, although it is just that.
      place.write("prefetch", "");
      const theirs = await simulate(
        { name: "prefetch", args: { outfile: "theirs.csv" } },
        { env: { DRAYAGE_PYTHON: interpreter } },
      );
      assert.equal(theirs.code, 0, theirs.err);
      const ours = await simulate({
        name: "builtin:prefetch",
        args: { outfile: "ours.csv", compat: true },
      });
      assert.equal(ours.code, 0, ours.err);
      const rows = (name: string) =>
        linesOf(place.text(name)).map((line) => line.split(",").map(Number));
      assert.equal(rows("ours.csv").length, 16);
      assert.ok((rows("ours.csv")[0]?.[0] ?? 0) > 0);
      rows("ours.csv").forEach(([ratio = 0, most], at) => {
        const [their = 0, theirMost] = rows("theirs.csv")[at] ?? [];
        assert.equal(most, theirMost);
        assert.ok(Math.abs(ratio - their) < 1e-9 * Math.max(1, ratio), `${ratio} and ${their}`);
      });
    });
  }
});

test("what Python 2 writes and means otherwise comes out the same under both interpreters", async (t) => {
  if (python2 === undefined || python3 === undefined)
    return t.skip(`${needsPython3}, and ${needsPython2}`);
  copyFileSync(original("idioms.py"), place.path("idioms.py"));
  const under = (interpreter: string) =>
    simulate({ name: "idioms", args: { cache_size: 1 } }, { env: { DRAYAGE_PYTHON: interpreter } });
  const [old, converted] = [await under(python2), await under(python3)];
  assert.deepEqual([old.code, converted.code], [0, 0], old.err + converted.err);
  // Python 2 leaves out the blank in front of a line's end.
  const lines = (text: string) => linesOf(text).map((line) => line.trimEnd());
  assert.equal(lines(old.out).length, 23);
  assert.deepEqual(lines(converted.out), lines(old.out));
});

const keys = ["client", "delay", "duration", "method", "size", "uri"];

describe("simulate: what a plug-in is given", () => {
  test("Python: six keys, of the kinds that are documented, and its own folder on sys.path", async (t) => {
    if (python3 === undefined) return t.skip(needsPython3);
    place.write("beside.py", "print 'beside'\ndef word(): return 'imported'\n");
    place.write(
      "six.py",
      "import sys, beside\ndef init(data):\n    r = data[0]\n    print(sorted(r), type(r['delay']).__name__, type(r['duration']).__name__, type(r['size']).__name__)\n    print(data, beside.word(), __name__, sys.stdin.read() == '', sys.argv[0].endswith('six.py'))\n",
    );
    const { code, out, err } = await simulate({ name: "six" }, { flags: few });
    assert.equal(code, 0, err);
    const [first, second, third = ""] = linesOf(out);
    assert.equal(first, "beside");
    assert.equal(second, `[${keys.map((key) => `'${key}'`).join(", ")}] float float int`);
    assert.match(
      third,
      /'delay': 0\.0, 'uri': 'v2\/a\/b\/blobs\/c', 'size': 7, 'method': 'GET', 'duration': 0\.25, 'client': 'cafe0001'/,
    );
    assert.match(third, /'delay': 1\.5.* imported six True True$/);
  });

  for (const { name, text, out: expected } of [
    {
      name: "a.mjs",
      text: "export function init(requests) { return { got: arguments.length, requests }; }",
      out: /^got: 1\nrequests: \[\{"delay":0,"uri":"v2\/a\/b\/blobs\/c","size":7,"method":"GET","duration":0\.25,"client":"cafe0001"\},\{"delay":1\.5,/,
    },
    {
      name: "b.cjs",
      text: "module.exports = { async init(requests, args) { return { n: requests.length, at: args.at, set: new Set([1]), text: 'x' }; } };",
      out: /^n: 2\nat: 3\nset: \[1\]\ntext: x\n$/,
    },
    {
      name: "c.ts",
      text: "export async function simulate(stream: AsyncIterable<{ size: number }>, args?: object) { let bytes = 0; for await (const { size } of stream) bytes += size; return { bytes, args }; }\nexport const init = (): never => { throw new Error('not me'); };",
      out: /^bytes: 10\nargs: \{"at":3\}\n$/,
    },
    {
      name: "d.js",
      text: "export default { simulate(stream) { let n = 0; for (const { uri } of stream) n += uri.length; console.log('said'); process.stdout.write('written\\n'); return n; } };",
      out: /^(said\nwritten|written\nsaid)\n32\n$/,
    },
    { name: "e.mjs", text: "export const init = () => {};", out: /^$/ },
  ]) {
    test(`${name}`, async () => {
      place.write(name, text);
      const args = name.startsWith("a") ? {} : { args: { at: 3 } };
      const { code, out, err } = await simulate(
        { name: name.replace(/\..*/, ""), ...args },
        { flags: few },
      );
      assert.equal(code, 0, err);
      assert.match(out, expected);
    });
  }

  test("--json: one document with accounting and the result, everything else on standard error", async () => {
    place.write(
      "j.mjs",
      "export const init = (requests) => { console.log('said'); return { n: requests.length }; };",
    );
    const { code, out, err } = await simulate({ name: "j.mjs" }, { flags: [...few, "--json"] });
    assert.equal(code, 0, err);
    const { simulation, interrupted, records, result, directory } = JSON.parse(out);
    assert.deepEqual(
      [simulation, interrupted, records, result],
      [place.path("j.mjs"), false, { read: 2, kept: 2, folded: 0 }, { n: 2 }],
    );
    assert.match(err, /said/);
    for (const file of ["report.html", "results.json", "run.json"])
      assert.ok(place.has(join(directory, file)), file);
  });
});

describe("simulate: what goes wrong", () => {
  for (const { says, name, text, code, err } of [
    {
      says: "a module that raises",
      name: "r.mjs",
      text: "export function init() { throw new RangeError('too far'); }",
      code: 8,
      err: /^Error running plugin init!\nRangeError: too far\n {4}at .*init.*r\.mjs:1/,
    },
    {
      says: "a module that rejects",
      name: "s.mjs",
      text: "export async function simulate() { throw new Error('later'); }",
      code: 8,
      err: /^Error running plugin init!\nError: later/,
    },
    {
      says: "a timer of a module that raises",
      name: "t.mjs",
      text: "export const init = () => new Promise(() => setTimeout(() => { throw new Error('tick'); }, 1));",
      code: 8,
      err: /Error running plugin init!\nError: tick/,
    },
    {
      says: "a result that JSON has no word for",
      name: "u.mjs",
      text: "export const init = () => { const a = {}; a.a = a; return a; };",
      code: 8,
      err: /circular/i,
    },
    {
      says: "a module that does not compile",
      name: "v.mjs",
      text: "export function init() {\n  return 1 +;\n}",
      code: 1,
      err: /v\.mjs:2: Unexpected token/,
    },
    {
      says: "a module without our functions",
      name: "w.mjs",
      text: "export const start = 1;",
      code: 2,
      err: /w\.mjs exports neither init nor simulate/,
    },
    {
      says: "a plug-in in Python that raises",
      name: "r.py",
      text: "def init(data):\n    raise KeyError('gone')\n",
      code: 8,
      err: /^Error running plugin init!\nTraceback[\s\S]*r\.py", line 2, in init[\s\S]*KeyError: 'gone'\n$/,
    },
    {
      says: "a plug-in in Python that wants arguments and gets none",
      name: "q.py",
      text: "def init(data, args):\n    pass\n",
      code: 8,
      err: /TypeError: init\(\) missing 1 required/,
    },
    {
      says: "a plug-in in Python that ends with a code",
      name: "p.py",
      text: "import sys\ndef init(data):\n    sys.exit(3)\n",
      code: 8,
      err: /SystemExit: 3/,
    },
    {
      says: "Python that is neither 3 nor 2",
      name: "o.py",
      text: "def init(data):\n    pass\n  print 'x'\n",
      code: 1,
      err: /o\.py:3: /,
    },
    {
      says: "Python without init",
      name: "n.py",
      text: "x = 1\n",
      code: 2,
      err: /n\.py has no function init/,
    },
  ]) {
    test(`${says} ends with ${code}`, async (t) => {
      if (name.endsWith(".py") && python3 === undefined) return t.skip(needsPython3);
      place.write(name, text);
      const ended = await simulate({ name }, { flags: few });
      assert.equal(ended.code, code, ended.err);
      assert.match(ended.err, err);
      assert.equal(ended.out, "");
    });
  }

  for (const { sets, err, flags = [], env = {} } of [
    {
      sets: { name: "nowhere" },
      err: /^simulate\.name: no plug-in "nowhere" in .*; shipped ones are builtin:cache, /,
    },
    {
      sets: { name: "builtin:cahce" },
      err: /there is no simulation "builtin:cahce"; did you mean "cache"\?/,
    },
    { sets: { name: "builtin:two-tier" }, err: /simulate\.args\.cache_size is missing/ },
    { sets: { name: "trace.json" }, err: /trace\.json must end in \.py, \.mjs/ },
    {
      sets: { name: "r.py" },
      env: { DRAYAGE_PYTHON: "no-such-python" },
      err: /no-such-python cannot be started/,
    },
    {
      sets: { name: "builtin:cache" },
      flags: ["--set", "trace.traces=[absent.json]"],
      err: /absent\.json/,
    },
  ]) {
    test(`${JSON.stringify({ ...sets, ...env })} ends with 2 and leaves no run directory behind`, async () => {
      place.write("r.py", "def init(data): pass\n");
      const words = ["simulate", "-i", place.path("config.yaml"), "--quiet", ...setsOf(sets)];
      const out = ["--out", place.path("refused")];
      const ended = await inProcess([...words, ...out, ...flags], { verbs, env });
      assert.equal(ended.exit, 2, ended.err);
      assert.match(ended.err, err);
      assert.equal(place.has("refused"), false);
    });
  }

  for (const { says, name, text, result } of [
    {
      says: "a stream ends early, and what it gave is kept",
      name: "i.mjs",
      text: "export async function simulate(stream) { console.log('began'); let n = 0; for await (const r of stream) { n++; await new Promise((go) => setTimeout(go, 5)); } return { ended: true }; }",
      result: { ended: true },
    },
    {
      says: "a list is cut off",
      name: "k.mjs",
      text: "export function init(requests) { console.log('began'); for (;;); }",
      result: null,
    },
  ]) {
    test(`an interrupt: ${says}`, async () => {
      place.write(name, text);
      const started = place.start([
        "simulate",
        "-i",
        "config.yaml",
        "--quiet",
        "--json",
        "--set",
        `simulate.name=${name}`,
      ]);
      while (!started.said().includes("began")) await new Promise((go) => setTimeout(go, 20));
      started.child.kill("SIGINT");
      const { code, out, err } = await started.ended;
      assert.equal(code, 130, err);
      const found = JSON.parse(out);
      assert.deepEqual([found.interrupted, found.result], [true, result]);
      assert.equal(
        place.json<{ interrupted: boolean }>(join(found.directory, "results.json")).interrupted,
        true,
      );
    });
  }

  for (const { says, handles, signals } of [
    { says: "a plug-in in Python ends with the first interrupt", handles: "", signals: 1 },
    {
      says: "one that does not heed signals with the second",
      handles: "signal.signal(signal.SIGTERM, signal.SIG_IGN); ",
      signals: 2,
    },
  ])
    test(`an interrupt: ${says}`, async (t) => {
      if (python3 === undefined) return t.skip(needsPython3);
      place.write(
        "l.py",
        `import sys, os, signal\ndef init(data):\n    ${handles}sys.stderr.write('began %d\\n' % os.getpid())\n    while True: pass\n`,
      );
      const started = place.start([
        "simulate",
        "-i",
        "config.yaml",
        "--quiet",
        "--set",
        "simulate.name=l.py",
      ]);
      while (!/began \d+\n/.test(started.said())) await new Promise((go) => setTimeout(go, 20));
      const [, pid] = /began (\d+)/.exec(started.said()) ?? [];
      started.child.kill("SIGTERM");
      if (signals > 1) {
        while (!started.said().includes("once more")) await new Promise((go) => setTimeout(go, 20));
        started.child.kill("SIGTERM");
      }
      const { code, err } = await started.ended;
      assert.equal(code, 143, err);
      assert.throws(() => process.kill(Number(pid), 0), /ESRCH/);
    });
});
