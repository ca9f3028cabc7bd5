// Starts nats-server on a free loopback port, with a folder of its own, for tests that need a real peer.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type NatsServerOptions = {
  /** More lines of its configuration file: `authorization { token: x }`, `max_pending: 1MB`, … */
  readonly config?: string;
  /** Name of a cluster to be part of, and a member that is there already; or all members by the ports of their routes. */
  readonly cluster?: {
    readonly name: string;
    readonly peer?: NatsServer;
    readonly members?: { readonly own: number; readonly all: readonly number[] };
  };
  /** Keeps streams, in its folder. */
  readonly jetstream?: boolean;
  /** Asks for TLS. `clients`: and for a certificate that this authority signed. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clients?: string };
};

export interface NatsServer {
  /** `nats://127.0.0.1:<port>`, or `tls://…`. */
  readonly url: string;
  readonly port: number;
  /** Where other members of its cluster find it. */
  readonly routePort: number | undefined;
  readonly pid: number;
  /** What it has logged so far. */
  log(): string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Printed by tests that skip because `startNatsServer` gave undefined. */
export const needsNatsServer = "needs nats-server: apt-get install nats-server";

const READY_MS_MAX = 20_000;
/** What its log holds once it answers. */
const READY = ["Server is ready"];

/** Undefined when the program is missing: skip the test loudly. */
export async function startNatsServer(
  options: NatsServerOptions = {},
): Promise<NatsServer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "drayage-nats-"));
  try {
    return await RunningServer.start(folder, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Three servers that know of each other. */
export async function startNatsCluster(): Promise<readonly NatsServer[] | undefined> {
  const name = `drayage-${process.pid}`;
  const first = await startNatsServer({ cluster: { name } });
  if (first === undefined) return undefined;
  const others = await Promise.all(
    [1, 2].map(() => startNatsServer({ cluster: { name, peer: first } })),
  );
  return [first, ...others.filter((server) => server !== undefined)];
}

/** Three servers that keep streams together: each message is on two of them before its sender hears that it is kept. */
export async function startJetStreamCluster(
  options: NatsServerOptions = {},
): Promise<readonly NatsServer[] | undefined> {
  const name = `drayage-${process.pid}`;
  const all = await freePorts(3);
  const started = await Promise.all(
    all.map((own) =>
      startNatsServer({ ...options, jetstream: true, cluster: { name, members: { own, all } } }),
    ),
  );
  const servers = started.filter((server) => server !== undefined);
  return servers.length === all.length ? servers : undefined;
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) await new Promise((closed) => server.close(closed));
  return ports;
}

class RunningServer implements NatsServer {
  readonly #folder: string;
  readonly #options: NatsServerOptions;
  #child: ChildProcess | undefined;
  #said = "";
  port = 0;
  routePort: number | undefined;

  private constructor(folder: string, options: NatsServerOptions) {
    this.#folder = folder;
    this.#options = options;
    this.routePort = options.cluster?.members?.own;
  }

  static async start(folder: string, options: NatsServerOptions): Promise<RunningServer> {
    const server = new RunningServer(folder, options);
    await server.restart();
    return server;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "nats" : "tls"}://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  log(): string {
    return this.#said;
  }

  async restart(): Promise<void> {
    await this.kill();
    const file = join(this.#folder, "nats.conf");
    writeFileSync(file, this.#configuration());
    const child = spawn("nats-server", ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    // A test that fails before it stops its server must not leave it behind.
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.removeListener("exit", kill));
    const signs = this.#options.cluster === undefined ? READY : [...READY, "for route connections"];
    const said = await ready(child, signs, (text) => {
      this.#said += text;
    });
    this.port = Number(/client connections on [\d.]+:(\d+)/.exec(said)?.[1]);
    const route = /route connections on [\d.]+:(\d+)/.exec(said)?.[1];
    this.routePort = route === undefined ? undefined : Number(route);
  }

  #configuration(): string {
    const { config = "", cluster, tls, jetstream = false } = this.#options;
    const peer = cluster?.peer?.routePort;
    const ports = cluster?.members?.all ?? (peer === undefined ? [] : [peer]);
    const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
    return [
      `listen: 127.0.0.1:${this.port === 0 ? -1 : this.port}`,
      cluster === undefined
        ? ""
        : `cluster { name: ${cluster.name}, listen: "127.0.0.1:${this.routePort ?? -1}", routes: [${routes}] }`,
      jetstream
        ? `server_name: s${this.routePort ?? 0}\njetstream { store_dir: "${join(this.#folder, "streams")}" }`
        : "",
      tls === undefined
        ? ""
        : `tls { cert_file: "${tls.cert}", key_file: "${tls.key}", timeout: 10 ${tls.clients === undefined ? "" : `, ca_file: "${tls.clients}", verify: true`} }`,
      config,
    ].join("\n");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What the server said until it was ready. Its log is read on for ever: a full pipe would stop it. */
function ready(
  child: ChildProcess,
  signs: readonly string[],
  onText: (text: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const limit = setTimeout(
      () => reject(new Error(`nats-server is not ready: ${said}`)),
      READY_MS_MAX,
    );
    const settle = (act: () => void) => {
      clearTimeout(limit);
      act();
    };
    child.once("error", (error) => settle(() => reject(error)));
    child.once("exit", () => settle(() => reject(new Error(`nats-server ended: ${said}`))));
    child.stderr?.on("data", (piece: Buffer) => {
      const text = piece.toString();
      onText(text);
      if (said.length < 65_536) said += text;
      if (signs.every((sign) => said.includes(sign))) settle(() => resolve(said));
    });
  });
}
