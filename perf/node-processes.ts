// Nodes of a run as their user starts them: `drayage client`, each a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NatsServer } from "../test/fakes/nats-server.ts";
import { GROUP } from "./carriers.ts";

const program = join(import.meta.dirname, "../bin/drayage.js");

export class NodeProcesses {
  readonly #children: readonly ChildProcess[];
  /** Flags of a load that takes all of them. */
  readonly flags: readonly string[];
  /** What a configuration says to take all of them, by its sections. */
  readonly sections: { readonly client_info: object; readonly cluster: object };

  private constructor(
    children: readonly ChildProcess[],
    found: {
      readonly flags: readonly string[];
      readonly client_info?: object;
      readonly cluster?: object;
    },
  ) {
    const { flags, client_info = {}, cluster = {} } = found;
    this.#children = children;
    this.flags = flags;
    this.sections = { client_info, cluster };
  }

  /** `hub`: a message server to announce themselves at; without one they listen on ports. */
  static start(count: number, cwd: string, hub: NatsServer | undefined): Promise<NodeProcesses> {
    return hub === undefined
      ? NodeProcesses.#listening(count, cwd)
      : NodeProcesses.#announced(count, { cwd, hub });
  }

  static async #listening(count: number, cwd: string): Promise<NodeProcesses> {
    const children = Array.from({ length: count }, () =>
      spawn(process.execPath, [program, "client", "-p", "0", "--quiet"], {
        cwd,
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const list = await Promise.all(
      children.map(async ({ stdout }) => {
        const [port] = await once(createInterface(stdout), "line");
        return `127.0.0.1:${port}`;
      }),
    );
    const flags = [`--nodes=${list.join(",")}`];
    return new NodeProcesses(children, { flags, client_info: { client_list: list } });
  }

  static async #announced(
    count: number,
    { cwd, hub: { url } }: { readonly cwd: string; readonly hub: NatsServer },
  ): Promise<NodeProcesses> {
    const group = ["--nats", url, "--group", GROUP];
    const children = Array.from({ length: count }, (_, node) =>
      spawn(process.execPath, [program, "client", ...group, "--name", `node-${node}`], {
        cwd,
        stdio: ["ignore", "ignore", "pipe"],
      }),
    );
    // The first line says that it waits for masters; the rest is read, and forgotten.
    await Promise.all(children.map(({ stderr }) => once(createInterface(stderr), "line")));
    return new NodeProcesses(children, {
      flags: [`--nats=${url}`, `--group=${GROUP}`, `--expect=${count}`],
      cluster: { nats: { servers: [url] }, group: GROUP, expect: count },
    });
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
