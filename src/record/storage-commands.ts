// The operator's own programs that keep rotated files elsewhere. They are started without a shell, so a name is always
// one word, and what they write to stderr is passed on to the operator.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { instantOf } from "../archive/file-name.ts";
import { DrayageError, messageOf } from "../core/errors.ts";

export type CommandLine = readonly [program: string, args: readonly string[]];

export type StorageCommandsOptions = {
  readonly list: CommandLine;
  readonly get: CommandLine;
  readonly put: CommandLine;
  /** Where the files of the archive are; the programs find it in DRAYAGE_ARCHIVE. */
  readonly folder: string;
  /** Stands for `{shard}` in arguments. */
  readonly shard: number;
  /** One sentence for the operator. */
  readonly onNotice: (sentence: string) => void;
  /** Between two tries of `get`; tests pass less. */
  readonly retryMs?: number;
  /** How long pipes are read that a program left open when it ended; tests pass less. */
  readonly leftOpenMs?: number;
};

const GET_TRIES = 3;
const RETRY_MS = 1_000;
/** Time limits: a listing is short, a file may be large and far away. */
const LIST_MS_MAX = 60_000;
const GET_MS_MAX = 3_600_000;
const PUT_MS_MAX = 6 * 3_600_000;
/** What a program left running in the background may hold its pipes for ever. */
const LEFT_OPEN_MS_MAX = 5_000;
const LIST_BYTES_MAX = 64 << 20;
/** Lines of stderr that one run may pass on. */
const LINES_MAX = 20;

export class StorageCommands {
  readonly #options: StorageCommandsOptions;
  /** Files are put one after the other, in their order. */
  #puts: Promise<void> = Promise.resolve();
  #putting = 0;
  #putFailures = 0;
  readonly #running = new Set<Running>();
  /** Files on their way: who asks for one meanwhile waits for the same, since two programs would write one file. */
  readonly #getting = new Map<string, Promise<void>>();
  #isAbandoned = false;

  constructor(options: StorageCommandsOptions) {
    this.#options = options;
  }

  state(): { readonly putting: number; readonly putFailures: number } {
    return { putting: this.#putting, putFailures: this.#putFailures };
  }

  /** Names of files that exist elsewhere. A failure is a notice and an empty list: local files are used. */
  async list(): Promise<readonly string[]> {
    const ran = await this.#run("list", LIST_MS_MAX);
    if (ran.trouble !== undefined) {
      this.#options.onNotice(`warning: list failed, only local files are known: ${ran.trouble}`);
      return [];
    }
    const lines = ran.output.split(/\r?\n/).filter((line) => line !== "");
    const names = lines.filter((line) => instantOf(line) !== undefined);
    // "current" is what every directory has; it is no file that could be fetched.
    const strange = lines.find((line) => line !== "current" && instantOf(line) === undefined);
    if (strange !== undefined)
      this.#options.onNotice(
        `warning: list printed ${lines.length - names.length} lines that are no date, such as ${JSON.stringify(strange.slice(0, 80))}`,
      );
    return names;
  }

  /** Brings a file into the folder. DrayageError `could not open log file NAME` after three tries. */
  get(name: string): Promise<void> {
    const known = this.#getting.get(name);
    if (known !== undefined) return known;
    const getting = this.#get(name).finally(() => this.#getting.delete(name));
    this.#getting.set(name, getting);
    return getting;
  }

  async #get(name: string): Promise<void> {
    const { folder, onNotice, retryMs = RETRY_MS } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const { trouble } = await this.#run("get", GET_MS_MAX, name);
      if (trouble === undefined && existsSync(join(folder, name))) return;
      const reason = trouble ?? `it ended well, but ${name} is not in ${folder}`;
      onNotice(`warning: get ${name} failed, try ${attempt} of ${GET_TRIES}: ${reason}`);
      if (attempt === GET_TRIES)
        throw new DrayageError("storage", `could not open log file ${name}: ${reason}`);
      await sleep(retryMs);
    }
  }

  /** Hands a sealed file on, some time. A failure is counted, and the file stays where it is. */
  put(name: string): void {
    this.#putting++;
    this.#puts = this.#puts.then(async () => {
      if (this.#isAbandoned) return;
      const { trouble } = await this.#run("put", PUT_MS_MAX, name);
      this.#putting--;
      if (trouble === undefined) return;
      this.#putFailures++;
      this.#options.onNotice(`warning: put ${name} failed, the file stays: ${trouble}`);
    });
  }

  /** Kept when all files that were put are through. */
  settled(): Promise<void> {
    return this.#puts;
  }

  /** Lets this process end while a program still runs: it is left alone. Files that wait for it are not put. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const child of this.#running) unref(child);
  }

  #run(which: "list" | "get" | "put", msMax: number, name?: string): Promise<Ran> {
    const { shard, folder, onNotice, leftOpenMs = LEFT_OPEN_MS_MAX } = this.#options;
    const [program, words] = this.#options[which];
    const args = words.map((word) => word.replaceAll("{shard}", String(shard)));
    return run(program, name === undefined ? args : [...args, name], {
      folder,
      msMax,
      leftOpenMs,
      onLine: (line) => onNotice(`warning: ${which}: ${line}`),
      running: this.#running,
    });
  }
}

type Ran = { readonly output: string; readonly trouble: string | undefined };
type Limits = {
  readonly folder: string;
  readonly msMax: number;
  readonly leftOpenMs: number;
  readonly onLine: (line: string) => void;
  readonly running: Set<Running>;
};
type Running = { readonly child: ChildProcess; readonly timer: NodeJS.Timeout };

function unref({ child, timer }: Running): void {
  timer.unref();
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
}

function closePipes({ stdout, stderr }: ChildProcess): void {
  stdout?.destroy();
  stderr?.destroy();
}

async function run(program: string, args: readonly string[], limits: Limits): Promise<Ran> {
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DRAYAGE_ARCHIVE: limits.folder },
    });
  } catch (error) {
    // Some reasons are thrown, others come as an event.
    return { output: "", trouble: `${program} cannot be run: ${messageOf(error)}` };
  }
  return ended(child, program, limits);
}

/** Resolves when it has ended, its pipes too. */
function ended(child: ChildProcess, program: string, limits: Limits): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const output: Buffer[] = [];
  let bytes = 0;
  let isLate = false;
  // The timer of spawn itself would go on where the program could not even be started.
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
    closePipes(child);
  }, limits.msMax);
  const running = { child, timer };
  limits.running.add(running);
  const end = (trouble: string | undefined): void => {
    limits.running.delete(running);
    clearTimeout(timer);
    resolve({ output: Buffer.concat(output).toString(), trouble });
  };
  child.once("error", (error) => end(`${program} cannot be run: ${messageOf(error)}`));
  child.once("exit", () => setTimeout(() => closePipes(child), limits.leftOpenMs).unref());
  child.once("close", (code, signal) => {
    if (isLate) end(`${program} took more than ${limits.msMax / 1000} s`);
    else if (signal !== null) end(`${program} was ended by ${signal}`);
    else if (code !== 0) end(`${program} exited with ${code}`);
    else if (bytes > LIST_BYTES_MAX) end(`${program} printed more than ${LIST_BYTES_MAX} bytes`);
    else end(undefined);
  });
  // There are no pipes where descriptors have run out.
  child.stdout?.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= LIST_BYTES_MAX) output.push(piece);
  });
  if (child.stderr) passOn(child.stderr, limits.onLine);
  return promise;
}

function passOn(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = "";
  let lines = 0;
  const tell = (line: string): void => {
    if (line === "" || lines > LINES_MAX) return;
    lines++;
    onLine(lines > LINES_MAX ? "…" : line.slice(0, 500));
  };
  stream.setEncoding("utf8");
  stream.on("data", (piece: string) => {
    const parts = (rest + piece).split(/\r?\n/);
    rest = (parts.pop() ?? "").slice(-4_096);
    parts.forEach(tell);
  });
  stream.on("end", () => tell(rest));
}
