// Starts MariaDB on a free loopback port and a socket, with a directory of its own, for tests that need a real database.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { selfSignedCertificate } from "./certificate.ts";

export interface MariaDb {
  readonly port: number;
  readonly socket: string;
  /** File of the authority that signed the server's certificate; undefined where openssl is missing. */
  readonly caFile: string | undefined;
  /** Executes statements as root; returns what the client prints, without column names. */
  sql(statements: string): string;
  /** Ends it as a crash would. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Printed by tests that skip because `startMariaDb` gave undefined. */
export const needsMariaDb = "needs mariadbd: apt-get install mariadb-server";

const READY_MS_MAX = 30_000;
const POLL_MS = 20;
const STOP_MS_MAX = 10_000;

/** Undefined when the program is missing: skip the test loudly. */
export async function startMariaDb(): Promise<MariaDb | undefined> {
  if (spawnSync("mariadbd", ["--version"]).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "drayage-mariadb-"));
  try {
    return await start(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function start(folder: string): Promise<MariaDb> {
  const user = `--user=${userInfo().username}`;
  const data = `--datadir=${join(folder, "data")}`;
  const authentication = "--auth-root-authentication-method=normal";
  execFileSync(
    "mariadb-install-db",
    ["--no-defaults", user, data, authentication, "--skip-test-db"],
    { stdio: "ignore" },
  );
  const socket = join(folder, "m.sock");
  const port = await freePort();
  const caFile = certificate(folder);
  const log = openSync(join(folder, "log"), "w");
  const child = spawn(
    "mariadbd",
    [
      ...["--no-defaults", user, data, `--socket=${socket}`, `--pid-file=${join(folder, "pid")}`],
      ...[`--port=${port}`, "--bind-address=127.0.0.1", "--skip-name-resolve"],
      ...["--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=64M"],
      ...(caFile === undefined
        ? []
        : [`--ssl-cert=${caFile}`, `--ssl-key=${join(folder, "key.pem")}`]),
    ],
    { stdio: ["ignore", log, log] },
  );
  closeSync(log);
  // A test that fails before it stops its server must not leave it behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  await ready(child, { socket, log: join(folder, "log") });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await exit;
    clearTimeout(late);
  };
  return {
    port,
    socket,
    caFile,
    sql: (statements) => client(socket, statements),
    crash: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function client(socket: string, statements: string): string {
  return execFileSync(
    "mariadb",
    ["--no-defaults", "-N", "-uroot", "-S", socket, "--default-character-set=utf8mb4"],
    { input: statements, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] },
  );
}

async function ready(
  child: ChildProcess,
  { socket, log }: { socket: string; log: string },
): Promise<void> {
  for (const deadline = Date.now() + READY_MS_MAX; Date.now() < deadline; await pause(POLL_MS)) {
    if (child.exitCode !== null) break;
    const ping = ["--no-defaults", `--socket=${socket}`, "-uroot", "ping"];
    if (spawnSync("mariadb-admin", ping, { stdio: "ignore" }).status === 0) return;
  }
  child.kill("SIGKILL");
  throw new Error(`mariadbd did not start: ${readFileSync(log, "utf8").slice(-2000)}`);
}

function certificate(folder: string): string | undefined {
  const made = selfSignedCertificate();
  if (made === undefined) return undefined;
  const file = join(folder, "cert.pem");
  writeFileSync(file, made.cert);
  writeFileSync(join(folder, "key.pem"), made.key);
  return file;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  return port;
}
