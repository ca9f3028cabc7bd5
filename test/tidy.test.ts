// The house rules that the linter cannot check, read off the tree; and that the linter does check what it is meant to.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, test } from "node:test";

const FILE_LINES_MAX = 300;

type File = { path: string; text: string };

const read = (path: string): File => ({ path, text: readFileSync(path, "utf8") });

const sourcesOf = (folder: string): File[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(join(folder, name)));

const sources = [...sourcesOf("src"), ...sourcesOf("perf")];
const architecture = readFileSync("ARCHITECTURE.md", "utf8");
const manifest: Record<"dependencies" | "devDependencies", Record<string, string>> = JSON.parse(
  readFileSync("package.json", "utf8"),
);

test("the tree was read", () => assert.ok(sources.length > 10));

for (const { rule, offence } of [
  {
    rule: `a file has at most ${FILE_LINES_MAX} lines`,
    offence: (text: string) => text.trimEnd().split("\n").length > FILE_LINES_MAX,
  },
  {
    rule: "a TODO names its issue",
    offence: (text: string) => /\b(TODO|FIXME)\b(?!\(#\d+\))/.test(text),
  },
]) {
  test(rule, () => {
    assert.deepEqual(
      sources.filter(({ text }) => offence(text)).map(({ path }) => path),
      [],
    );
  });
}

/** Everything that is or will be committed, as text. Outside a git checkout there is no such list. */
function committed(): File[] | null {
  const git = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  if (git.status !== 0) return null;
  return git.stdout
    .split("\0")
    .filter((path) => path !== "" && existsSync(path) && statSync(path).isFile())
    .map(read);
}

for (const { rule, pattern } of [
  {
    rule: "no file names a place of the machine it was written on",
    pattern: /(?<![\w.~}-])\/(?:work|root)\/|\/tmp\/bash_jobs/,
  },
  {
    rule: "no file names the host of a package registry",
    pattern: /registry\.(?:npmjs|yarnpkg)\.|npmmirror\.com|(?:npm|npmjs)\.pkg\.github/,
  },
]) {
  test(rule, (t) => {
    const files = committed();
    if (files === null) return t.skip("needs a git checkout: git clone");
    assert.ok(files.length > 10);
    assert.deepEqual(
      files.filter(({ text }) => pattern.test(text)).map(({ path }) => path),
      [],
    );
  });
}

test("the lock file names no download address", () => {
  assert.doesNotMatch(readFileSync("package-lock.json", "utf8"), /"resolved"/);
});

test("every source path named in ARCHITECTURE.md exists", () => {
  const named = architecture.match(/\b(?:src|perf|test)\/[\w./-]*\w/g) ?? [];
  assert.ok(named.length > 0);
  assert.deepEqual(
    named.filter((path) => !existsSync(path)),
    [],
  );
});

test("every dependency has its line in ARCHITECTURE.md", () => {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  assert.ok(names.length > 0);
  assert.deepEqual(
    names.filter((name) => !architecture.includes(`\`${name}\``)),
    [],
  );
});

test("every dependency is pinned to one version", () => {
  const versions = { ...manifest.dependencies, ...manifest.devDependencies };
  assert.deepEqual(
    Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  );
});

const importsOf = ({ path, text }: File): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) =>
    relative("", join(dirname(path), match[1] ?? "")),
  );

test("plug-ins are strangers to each other", () => {
  const folderOf = (path: string) => /^src\/plugins\/([^/]+)\//.exec(path)?.[1];
  const acquainted = sources.flatMap((file) => {
    const own = folderOf(file.path);
    if (own === undefined) return [];
    return importsOf(file)
      .filter((to) => ![undefined, own].includes(folderOf(to)))
      .map((to) => `${file.path} imports ${to}`);
  });
  assert.deepEqual(acquainted, []);
});

type Override = {
  includes: string[];
  linter: {
    rules: { style?: { noRestrictedImports?: { options: { patterns: { group: string[] }[] } } } };
  };
};

/** Room -> the rooms its sources may not import, as the linter has it. */
function forbiddenByLinter(): Map<string, Set<string>> {
  const { overrides }: { overrides: Override[] } = JSON.parse(readFileSync("biome.json", "utf8"));
  const rooms = new Map<string, Set<string>>();
  for (const { includes, linter } of overrides) {
    const patterns = linter.rules.style?.noRestrictedImports?.options.patterns;
    const room = /^src\/(\w+)\/\*\*$/.exec(includes[0] ?? "")?.[1];
    if (patterns === undefined || room === undefined) continue;
    const groups = patterns.flatMap(({ group }) => group);
    const names = groups.flatMap((glob) => /^\*\*\/(\w+)\/\*\*$/.exec(glob)?.[1] ?? []);
    rooms.set(room, new Set(names));
  }
  return rooms;
}

/** Room -> the rooms it may import, as the table of ARCHITECTURE.md has it. */
function allowedByTable(): Map<string, Set<string>> {
  const rows = [...architecture.matchAll(/^\| src\/(\w+) +\|.*\| ([^|]+?) +\|$/gm)];
  const rooms = rows.map((row) => row[1] ?? "");
  const words = (cell: string): string[] => {
    if (cell === "nothing of ours") return [];
    if (cell === "everything above") return rooms.slice(0, -1);
    return cell.split(",").map((word) => word.replace(/\(.*\)/, "").trim());
  };
  return new Map(rows.map((row) => [row[1] ?? "", new Set(words(row[2] ?? ""))]));
}

const table = allowedByTable();

test("the import table of ARCHITECTURE.md is the linter's", () => {
  assert.ok(table.size >= 12);
  const forbidden = forbiddenByLinter();
  for (const [room, allowed] of table) {
    const others = [...table.keys()].filter((other) => other !== room);
    const refused = forbidden.get(room);
    assert.ok(refused !== undefined, `biome.json has no rule for src/${room}`);
    assert.deepEqual(
      others.filter((other) => !refused.has(other)).sort(),
      [...allowed].sort(),
      `src/${room}: the linter allows the first list, ARCHITECTURE.md the second`,
    );
  }
});

test("every room stands in the import table", () => {
  const rooms = readdirSync("src", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.deepEqual(
    rooms.filter((room) => !table.has(room)),
    [],
  );
});

const scratch = mkdtempSync(join(tmpdir(), "drayage-lint-"));
after(() => rmSync(scratch, { recursive: true }));

/** What the linter says about these files, standing alone in a tree with our configuration. */
function lint(files: Record<string, string>): string {
  const root = mkdtempSync(join(scratch, "tree-"));
  copyFileSync("biome.json", join(root, "biome.json"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      realpathSync("node_modules/.bin/biome"),
      "lint",
      "--vcs-enabled=false",
      "--colors=off",
      "--max-diagnostics=none",
      ".",
    ],
    { cwd: root, encoding: "utf8" },
  );
  assert.match(stdout + stderr, /Checked [1-9]\d* files?/);
  return stdout + stderr;
}

test("the linter refuses every import that the table does not allow, and no other", () => {
  const rooms = [...table.keys()];
  const target = (room: string) => [`src/${room}/thing.ts`, "export const thing = 1;\n"] as const;
  const probes = [...table].flatMap(([room, allowed]) =>
    rooms
      .filter((other) => other !== room)
      .map((other) => ({
        path: `src/${room}/to-${other}.ts`,
        text: `import { thing } from "../${other}/thing.ts";\nexport const copy = thing;\n`,
        refused: !allowed.has(other),
      })),
  );
  const said = lint(
    Object.fromEntries([...rooms.map(target), ...probes.map(({ path, text }) => [path, text])]),
  );
  const refused = new Set(
    [...said.matchAll(/^(src\/\S+?\.ts):\S* lint\/style\/noRestrictedImports/gm)].map(
      (match) => match[1],
    ),
  );
  assert.deepEqual(
    probes.filter(({ path }) => refused.has(path)).map(({ path }) => path),
    probes.filter((probe) => probe.refused).map(({ path }) => path),
  );
});

for (const { rule, files, name } of [
  {
    rule: "a cycle",
    name: "noImportCycles",
    files: {
      "src/core/one.ts":
        'import { two } from "./two.ts";\nexport const one = (): number => two();\n',
      "src/core/two.ts":
        'import { one } from "./one.ts";\nexport const two = (): number => one();\n',
    },
  },
  {
    rule: "a package of another room",
    name: "noRestrictedImports",
    files: { "src/trace/parse.ts": 'import { parse } from "yaml";\nexport const read = parse;\n' },
  },
  {
    rule: "a clock in pacing",
    name: "noRestrictedGlobals",
    files: { "src/pacing/due.ts": "export const due = () => performance.now();\n" },
  },
  {
    rule: "any",
    name: "noExplicitAny",
    files: { "src/core/loose.ts": "export const loose = (value: any) => value;\n" },
  },
  {
    rule: "a barrel",
    name: "noBarrelFile",
    files: {
      "src/core/one.ts": "export const one = 1;\n",
      "src/core/all.ts": 'export * from "./one.ts";\n',
    },
  },
  {
    rule: "console",
    name: "noConsole",
    files: { "src/cli/speak.ts": "export const speak = () => console.log(1);\n" },
  },
]) {
  test(`the linter refuses ${rule}`, () => assert.match(lint(files), new RegExp(`/${name}\\b`)));
}

test("the lock names every build of a package, for whatever system: npm ci refuses it otherwise", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  );
  assert.ok(wanted.length > 0);
  assert.deepEqual(
    wanted.filter((name) => packages[`node_modules/${name}`] === undefined),
    [],
    "type: node scripts/complete-lock.ts",
  );
});
