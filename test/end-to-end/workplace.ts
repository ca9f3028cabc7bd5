// A working directory in which drayage is run as a user runs it: from the shell, with a configuration file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/drayage.js", import.meta.url));
/** Far beyond what any test here takes: a command that hangs ends, and its test says so. */
const COMMAND_MS_MAX = 60_000;
/** A node waits for the masters of all tests of a file. */
const NODE_MS_MAX = 300_000;
const POLL_MS = 10;
/** Compiled modules, shared by all commands: it halves their start. */
const compileCache = join(tmpdir(), "drayage-compile-cache");

export type Ended = {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
};

/** A command under way. */
export type Started = {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said on standard error so far. */
  said(): string;
};

/** A row of the results file: docs/formats/results-rows.md. */
export type Row = {
  readonly time: number;
  readonly duration: number;
  readonly onTime: "yes" | "no" | "failed";
  readonly size: number;
  readonly uri: string;
  readonly method: string;
  readonly kind: string;
  readonly op: string;
  readonly client: string | null;
  readonly status: number | null;
  readonly worker: number;
  readonly slot: number | null;
  readonly seq: number;
  readonly lateness: number | null;
  readonly response: number | null;
  readonly ttfb: number | null;
  readonly error: string | null;
  readonly registry: number;
  readonly attempts: number;
  readonly traceDuration: number;
};

export type Skipped = {
  readonly seq: number;
  readonly uri: string;
  readonly method: string;
  readonly reason: string;
};

/** Of results.json and the summary beside the rows: what the tests look at. */
export type Results = {
  readonly verdict: string;
  readonly valid: boolean;
  readonly validity: { readonly reasons: readonly string[] };
  readonly interrupted: boolean;
  readonly totals: { readonly done: number; readonly failed: number } & Record<string, unknown>;
  readonly classes: readonly { readonly operation: string; readonly done: number }[];
  readonly retries: number;
  readonly existed: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly records: Readonly<Record<string, number>>;
  readonly besides: Readonly<Record<string, number>>;
  readonly latenessNs: { readonly count: number; readonly max: number | null };
  readonly compat: Readonly<Record<string, number | null>> | null;
};

export type Command = {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; nothing where it is not given. */
  readonly input?: string;
  /** Another program that runs it, with the words before the command line: a namespace to be in. */
  readonly within?: readonly string[];
};

/** Settings by dotted key, over those that every test shares. */
export type Settings = Readonly<Record<string, unknown>>;

export class Workplace {
  readonly directory: string = mkdtempSync(join(tmpdir(), "drayage-e2e-"));
  readonly #children = new Set<ChildProcess>();

  path(name: string): string {
    return join(this.directory, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  text(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** JSON of whatever the caller knows it to be. */
  json<T>(name: string): T {
    return JSON.parse(this.text(name)) as T;
  }

  lines<T>(name: string): T[] {
    return this.text(name)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as T);
  }

  /** Rows of the results file, in order of seq. */
  rows(name = "output.json"): Row[] {
    return this.json<Row[]>(name).toSorted((a, b) => a.seq - b.seq);
  }

  skipped(name = "output.json"): Skipped[] {
    return this.lines<Skipped>(`${name}.skipped.ndjson`).toSorted((a, b) => a.seq - b.seq);
  }

  summary(name = "output.json"): Results {
    return this.json<Results>(`${name}.summary.json`);
  }

  map(name = "map.json"): Record<string, string> {
    return this.json<Record<string, string>>(name);
  }

  /** Writes the trace as trace.json and the configuration as config.yaml; JSON is YAML. */
  configure(trace: readonly object[], settings: Settings): void {
    this.write("trace.json", JSON.stringify(trace));
    this.writeConfig("config.yaml", settings);
  }

  writeConfig(name: string, settings: Settings): void {
    const config: Record<string, unknown> = {};
    for (const [key, value] of Object.entries({ ...common, ...settings })) put(config, key, value);
    this.write(name, JSON.stringify(config));
  }

  start(args: readonly string[], { env = {}, input = "", within = [] }: Command = {}): Started {
    const [first, ...rest] = [...within, process.execPath, program, ...args] as [string];
    const child = spawn(first, rest, {
      cwd: this.directory,
      env: {
        ...process.env,
        NO_COLOR: "1",
        CI: "",
        NODE_COMPILE_CACHE: compileCache,
        XDG_CACHE_HOME: this.path("cache"),
        ...env,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    // Most commands end without having read it.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    this.#children.add(child);
    const told = { out: "", err: "" };
    child.stdout.on("data", (piece: Buffer) => {
      told.out += piece.toString();
    });
    child.stderr.on("data", (piece: Buffer) => {
      told.err += piece.toString();
    });
    const longest = args[0] === "client" ? NODE_MS_MAX : COMMAND_MS_MAX;
    const limit = setTimeout(() => child.kill("SIGKILL"), longest);
    const ended = once(child, "close").then(([code]): Ended => {
      clearTimeout(limit);
      this.#children.delete(child);
      return { code: code as number | null, ...told };
    });
    return { child, ended, said: () => told.err };
  }

  drayage(args: readonly string[], command?: Command): Promise<Ended> {
    return this.start(args, command).ended;
  }

  /** `drayage warmup -i config.yaml`, which must succeed. */
  async warmup(...flags: readonly string[]): Promise<Ended> {
    const ended = await this.drayage(["warmup", "-i", "config.yaml", ...flags]);
    if (ended.code !== 0) throw new Error(`the warm-up ended with ${ended.code}: ${ended.err}`);
    return ended;
  }

  run(...flags: readonly string[]): Promise<Ended> {
    return this.drayage(["run", "-i", "config.yaml", ...flags]);
  }

  /** Run directories below `runs` whose name has this verb, the newest first. */
  runDirectories(verb: string): string[] {
    if (!this.has("runs")) return [];
    const names = readdirSync(this.path("runs")).filter((name) => name.includes(`_${verb}_`));
    const made = (name: string): number => statSync(this.path(join("runs", name))).mtimeMs;
    return names.toSorted((a, b) => made(b) - made(a)).map((name) => join("runs", name));
  }

  runDirectory(verb: string): string {
    const [newest] = this.runDirectories(verb);
    if (newest === undefined) throw new Error(`no run directory of ${verb} in ${this.directory}`);
    return newest;
  }

  /** Kills what still runs and removes the directory. */
  leave(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const common: Settings = {
  "client_info.client_list": ["local"],
  "client_info.threads": 8,
  "trace.traces": ["trace.json"],
  "warmup.output": "map.json",
  "warmup.threads": 4,
  "warmup.random": true,
  // A busy machine must not make a test of something else fail: code 5 has tests of its own.
  "run.saturation.lateness_ms": 2000,
};

function put(config: Record<string, unknown>, key: string, value: unknown): void {
  const [head = "", ...rest] = key.split(".");
  if (rest.length === 0) {
    config[head] = value;
    return;
  }
  config[head] ??= {};
  put(config[head] as Record<string, unknown>, rest.join("."), value);
}

/** Waits until something holds; a limit, not a measure. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + COMMAND_MS_MAX / 2;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(POLL_MS);
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
