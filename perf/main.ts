// npm run bench [-- NAME… --quick]: answers the questions of perf/*.bench.ts by measurement.
// Exit 0: all were measured or could not run here; 1: a check failed or a target was missed; 2: nothing matches.
import { parseArgs } from "node:util";
import { type Ending, runBenches } from "./runner.ts";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { quick: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const endings = await runBenches({
    folder: import.meta.dirname,
    patterns: positionals,
    quick: values.quick,
    print: (line) => console.log(line),
  });
  const named = (kind: Ending["kind"]) =>
    [...endings].filter(([, ending]) => ending.kind === kind).map(([name]) => name);
  for (const kind of ["measured", "missed", "not-run", "failed"] as const) {
    const names = named(kind);
    if (names.length > 0) console.log(`${kind}: ${names.length} (${names.join(", ")})`);
  }
  return named("failed").length + named("missed").length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
