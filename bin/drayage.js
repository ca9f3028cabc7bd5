#!/usr/bin/env node
// Plain JavaScript that an old Node can parse: it looks at the version first, so that nobody meets a syntax error.
import { existsSync } from "node:fs";
import * as module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `drayage needs Node 22.19 or newer and this is ${process.version}; in a checkout, type: npm run -s drayage -- --help\n`,
  );
  process.exit(2);
}
// Compiled code is kept between runs: half of the start of a short run was compiling. Node puts it into the system's temporary
// directory, and goes without where it cannot. Threads learn of it by the environment.
const { directory } = module.enableCompileCache?.() ?? {};
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;

// A checkout runs its sources; the package runs what was built from them.
const source = new URL("../src/main.ts", import.meta.url);
const built = new URL("../dist/src/main.js", import.meta.url);
await import((existsSync(source) ? source : built).href);
