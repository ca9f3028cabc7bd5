// A server of a bench in a process of its own: started, asked for its counts, ended.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly port: number;

  private constructor(child: ChildProcess, lines: Interface, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** `module`: file of this folder that prints its port, answers each line of stdin with a line, and ends with stdin. */
  static async start(module: string): Promise<ServerProcess> {
    const child = spawn(process.execPath, [join(import.meta.dirname, module)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface(child.stdout);
    const [port] = await once(lines, "line");
    return new ServerProcess(child, lines, Number(port));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What the server says about itself: numbers, separated by blanks. */
  async counts(): Promise<number[]> {
    this.#child.stdin?.write("counts\n");
    const [line] = await once(this.#lines, "line");
    return String(line).split(" ").map(Number);
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }
}
