// The package as npm packs it, unpacked into a folder of its own beside links to our dependencies: no network is needed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const LIMIT_MS = 240_000;
const root = realpathSync(".");

/** Ends badly: what it said is the message. */
export function succeed(
  program: string,
  args: readonly string[],
  { cwd, exits = [0] }: { cwd: string; exits?: readonly number[] },
): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    timeout: LIMIT_MS,
    env: { PATH: process.env.PATH, HOME: cwd, ...compiledBeside(cwd) },
  });
  assert.ok(
    exits.includes(status ?? -1),
    `${status}: ${program} ${args.join(" ")}\n${stdout}\n${stderr}`,
  );
  return stdout;
}

/** What is unpacked is compiled once for all that is started there, and goes with the folder. */
const compiledBeside = (cwd: string): NodeJS.ProcessEnv =>
  cwd.startsWith(tmpdir()) ? { NODE_COMPILE_CACHE: join(dirname(cwd), "compiled") } : {};

export type Packed = {
  readonly tarball: string;
  /** A project that has it, and nothing else of ours. */
  readonly project: string;
  readonly unpacked: string;
  readonly remove: () => void;
};

/** What `npm run build` and `npm pack` make, without touching the checkout. */
export function packed(): Packed {
  const folder = mkdtempSync(join(tmpdir(), "drayage-package-"));
  const stage = join(folder, "stage");
  mkdirSync(stage);
  const tsc = join(root, "node_modules/.bin/tsc");
  succeed(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", join(stage, "dist")], {
    cwd: root,
  });
  for (const name of ["package.json", "bin", "docs", "LICENSE", "README.md"])
    cpSync(join(root, name), join(stage, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(stage, "node_modules"));
  const manual = succeed(process.execPath, ["bin/drayage.js", "man"], { cwd: stage });
  mkdirSync(join(stage, "dist/man"));
  writeFileSync(join(stage, "dist/man/drayage.1"), manual);
  succeed("npm", ["pack", "--offline", "--ignore-scripts", "--pack-destination", folder], {
    cwd: stage,
  });
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  const project = join(folder, "project");
  const unpacked = join(project, "node_modules/drayage");
  mkdirSync(unpacked, { recursive: true });
  succeed("tar", ["xzf", tarball, "-C", unpacked, "--strip-components", "1"], { cwd: folder });
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync("package.json", "utf8"),
  );
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }\n');
  return { tarball, project, unpacked, remove: () => rmSync(folder, { recursive: true }) };
}
