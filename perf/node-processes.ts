// Nodes of a run as their user starts them: `drayage client`, each a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = join(import.meta.dirname, "../bin/drayage.js");

export class NodeProcesses {
  readonly #children: readonly ChildProcess[];
  /** `host:port` of each. */
  readonly addresses: readonly string[];

  private constructor(children: readonly ChildProcess[], addresses: readonly string[]) {
    this.#children = children;
    this.addresses = addresses;
  }

  static async start(count: number, cwd: string): Promise<NodeProcesses> {
    const children = Array.from({ length: count }, () =>
      spawn(process.execPath, [program, "client", "-p", "0", "--quiet"], {
        cwd,
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const addresses = await Promise.all(
      children.map(async ({ stdout }) => {
        const [port] = await once(createInterface(stdout), "line");
        return `127.0.0.1:${port}`;
      }),
    );
    return new NodeProcesses(children, addresses);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }),
    );
  }
}
