// What a command loads before it has looked at its flags: every file costs half a millisecond of processor time, and the
// libraries that few commands need were two thirds of all files.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm;

/** Names of what `file` and all that it imports import from elsewhere, each with the file that does. */
function librariesOf(file: string): Map<string, string> {
  const found = new Map<string, string>();
  const files = new Set([file]);
  for (const each of files)
    for (const [, name = ""] of readFileSync(each, "utf8").matchAll(IMPORT)) {
      if (name.startsWith(".")) files.add(join(dirname(each), name));
      else found.set(name, each);
    }
  return found;
}

/** By what a name begins with. */
const nodes = ["ws", "@nats-io/", "@msgpack/"];
const tables = ["hyparquet", "csv-parse", "mysql2", "@mcap/"];
const network = ["undici", "node:http", "node:https", "node:http2", "@opentelemetry/"];
const settings = ["yaml", "zod"];

for (const { file, without } of [
  {
    file: "src/workers/feeder/feed-run.ts",
    without: [...nodes, ...tables, ...network, ...settings],
  },
  { file: "src/cli/parser.ts", without: [...nodes, ...tables, ...network, ...settings] },
  { file: "src/cli/run.ts", without: [...nodes, ...tables, ...network] },
  { file: "src/cli/warmup.ts", without: [...nodes, ...tables, ...network] },
  { file: "src/cli/load.ts", without: [...nodes, ...tables, ...network, ...settings] },
  { file: "src/cli/pull.ts", without: ["@nats-io/", ...tables, ...settings] },
  { file: "src/cli/master.ts", without: [...nodes, ...tables, ...network] },
  { file: "src/cli/client.ts", without: ["@nats-io/", ...tables, ...network, ...settings] },
  { file: "src/cli/serve.ts", without: [...nodes, ...tables, "undici", "node:http", ...settings] },
  { file: "src/cli/compare.ts", without: [...nodes, ...tables, ...network, ...settings] },
  { file: "src/cli/ctl.ts", without: [...nodes, ...tables, ...network, ...settings] },
]) {
  test(`${file}: it loads what it needs in any case, and the rest when it is asked for`, () => {
    const libraries = librariesOf(file);
    const needless = [...libraries].filter(([name]) =>
      without.some(
        (start) => name === start || (name.startsWith(start) && !start.startsWith("node:")),
      ),
    );
    assert.deepEqual(needless, []);
  });
}
