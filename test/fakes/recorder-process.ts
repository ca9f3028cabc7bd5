// Runs `drayage record` as its user would: a process with a configuration file, ended by a signal.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const READY_MS_MAX = 20_000;

export type RecorderEnd = { readonly code: number | null; readonly signal: string | null };

export class RecorderProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<RecorderEnd>;
  #said = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    child.stderr?.on("data", (piece: Buffer) => {
      this.#said += piece.toString();
    });
  }

  /** Starts one with this configuration, whose files may have so many blocks; resolves when it records, or has ended already. */
  static async start(
    t: TestContext,
    config: object,
    {
      fileBlocksMax,
      flags = [],
    }: { readonly fileBlocksMax?: number; readonly flags?: readonly string[] } = {},
  ): Promise<RecorderProcess> {
    const folder = mkdtempSync(join(tmpdir(), "drayage-record-"));
    const file = join(folder, "record.json");
    writeFileSync(file, JSON.stringify(config));
    const words = [process.execPath, "bin/drayage.js", "record", "--config", file, ...flags];
    const limit = fileBlocksMax === undefined ? "" : `ulimit -f ${fileBlocksMax}; `;
    const child = spawn("sh", ["-c", `${limit}exec "$@"`, "sh", ...words], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const recorder = new RecorderProcess(child);
    t.after(async () => {
      child.kill("SIGKILL");
      await recorder.#ended;
      rmSync(folder, { recursive: true, force: true });
    });
    await recorder.hears("Ctrl-C ends it");
    return recorder;
  }

  /** What it has said on stderr. */
  get said(): string {
    return this.#said;
  }

  get ended(): Promise<RecorderEnd> {
    return this.#ended;
  }

  /** Resolves when it has said so, or when it has ended. */
  async hears(words: string | RegExp): Promise<void> {
    const holds = (): boolean =>
      typeof words === "string" ? this.#said.includes(words) : words.test(this.#said);
    const deadline = performance.now() + READY_MS_MAX;
    while (!holds() && this.#child.exitCode === null && this.#child.signalCode === null) {
      if (performance.now() > deadline) throw new Error(`never said ${words}: ${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  end(signal: NodeJS.Signals): Promise<RecorderEnd> {
    this.#child.kill(signal);
    return this.#ended;
  }
}
