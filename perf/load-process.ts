// `drayage load` as its user starts it, for benches that look at the process or read what it leaves behind.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const program = join(import.meta.dirname, "../bin/drayage.js");
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** What benches read of results.json. */
export type LoadSays = {
  readonly directory: string;
  readonly seconds: number;
  readonly totals: { readonly done: number; readonly failed: number };
  readonly latenessNs: { readonly percentiles: Record<"p50" | "p99", number | null> };
  /** Nanoseconds, of each request worker thread. */
  readonly threads: readonly Record<"gcCount" | "gcNanos" | "gcP50" | "gcP99" | "gcMax", number>[];
};

export type LoadProcess = { readonly pid: number; readonly ended: Promise<LoadSays> };

/** `cwd`: where the run leaves its files. `ended` rejects when the load or a request of it failed. */
export function startLoad(
  url: string,
  {
    cwd,
    flags,
    env = {},
  }: {
    readonly cwd: string;
    readonly flags: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  },
): LoadProcess {
  const running = promisify(execFile)(
    process.execPath,
    [program, "load", url, "--json", "--quiet", "--allow-invalid", ...flags],
    { cwd, maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, ...env } },
  );
  const { pid } = running.child;
  if (pid === undefined) throw new Error("drayage load did not start");
  const ended = running.then(
    ({ stdout }) => {
      const says = JSON.parse(stdout) as LoadSays;
      const { done, failed } = says.totals;
      if (done === 0 || failed > 0) throw new Error(`${done} requests done, ${failed} failed`);
      return says;
    },
    // What it printed is as long as the run had machines.
    ({ code, stderr }: { readonly code: unknown; readonly stderr: string }) => {
      throw new Error(`drayage load ended with ${code}: ${stderr.split("\n", 1)[0]}`);
    },
  );
  return { pid, ended };
}
