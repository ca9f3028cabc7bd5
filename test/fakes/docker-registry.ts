// Starts CNCF docker-registry on a free loopback port, with a directory of its own, for tests that need a real peer.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type DockerRegistryOptions = {
  /** Basic authentication by htpasswd; needs the program of that name. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** Serve HTTPS with a certificate for localhost and 127.0.0.1, made by openssl. */
  readonly tls?: boolean;
  /** With `tls`: takes only clients that show its own certificate. */
  readonly clientCertificates?: boolean;
  /** Locations of uploads without scheme and host. */
  readonly relativeUrls?: boolean;
  /** URL of a registry to pull through from. */
  readonly proxy?: string;
  readonly storage?: "inmemory" | "filesystem";
};

export interface DockerRegistry {
  /** `http(s)://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** PEM text of the certificate; undefined without TLS. */
  readonly ca: string | undefined;
  /** Its key. */
  readonly key: string | undefined;
  readonly pid: number;
  /** Lines of the access log so far. */
  accessLog(): string[];
  /** Lines of its own log so far, in JSON: requests that were answered, and what else it has to say. */
  jsonLog(): string[];
  stop(): Promise<void>;
}

/** Printed by tests that skip because `startDockerRegistry` gave undefined. */
export const needsDockerRegistry =
  "needs docker-registry, htpasswd and openssl: apt-get install docker-registry apache2-utils openssl";

const READY_MS_MAX = 10_000;
const POLL_MS = 20;

/** Undefined when a program that is needed is missing: skip the test loudly. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "drayage-registry-"));
  const discard = () => rmSync(directory, { recursive: true, force: true });
  try {
    const child = launch(directory, options);
    try {
      return await ready(child, directory, options);
    } catch (error) {
      await stop(child);
      throw error;
    }
  } catch (error) {
    discard();
    if (isMissingProgram(error)) return undefined;
    throw error;
  }
}

const isMissingProgram = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

function launch(directory: string, options: DockerRegistryOptions): ChildProcess {
  const { auth, tls = false } = options;
  if (auth !== undefined) {
    const line = ["-Bbn", "-C", "4", auth.username, auth.password];
    writeFileSync(join(directory, "htpasswd"), execFileSync("htpasswd", line));
  }
  if (tls) makeCertificate(directory);
  const config = join(directory, "registry.json");
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(configuration(directory, options)));
  const child = spawn("docker-registry", ["serve", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A test that fails before it stops its registry must not leave it behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  child.stdout?.pipe(createWriteStream(join(directory, "access.log")));
  child.stderr?.pipe(createWriteStream(join(directory, "registry.log")));
  return child;
}

function configuration(directory: string, options: DockerRegistryOptions): object {
  const { auth, tls = false, relativeUrls = false, proxy, storage = "inmemory" } = options;
  const driver =
    storage === "inmemory"
      ? { inmemory: {} }
      : { filesystem: { rootdirectory: join(directory, "data") } };
  const certificate = {
    certificate: join(directory, "tls.crt"),
    key: join(directory, "tls.key"),
    minimumtls: "tls1.2",
    ...(options.clientCertificates === true ? { clientcas: [join(directory, "tls.crt")] } : {}),
  };
  return {
    version: "0.1",
    log: { level: "info", formatter: "json", accesslog: { disabled: false } },
    storage: {
      ...driver,
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: "127.0.0.1:0",
      secret: "0123456789abcdef",
      relativeurls: relativeUrls,
      ...(tls ? { tls: certificate } : {}),
    },
    ...(auth === undefined
      ? {}
      : { auth: { htpasswd: { realm: "test-realm", path: join(directory, "htpasswd") } } }),
    ...(proxy === undefined ? {} : { proxy: { remoteurl: proxy } }),
  };
}

function makeCertificate(directory: string): void {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  const fixed = `req -x509 ${key} -days 30 -subj /CN=localhost`.split(" ");
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", join(directory, "tls.key"), "-out", join(directory, "tls.crt")];
  execFileSync("openssl", [...fixed, ...names, ...files], { stdio: "ignore" });
}

async function ready(
  child: ChildProcess,
  directory: string,
  { tls = false }: DockerRegistryOptions,
): Promise<DockerRegistry> {
  const port = await portOf(child);
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
  const ca = tls ? readFileSync(join(directory, "tls.crt"), "utf8") : undefined;
  const key = tls ? readFileSync(join(directory, "tls.key"), "utf8") : undefined;
  const deadline = performance.now() + READY_MS_MAX;
  while (!(await answers(url, ca, key))) {
    if (performance.now() > deadline) throw new Error(`docker-registry at ${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return {
    url,
    port,
    ca,
    key,
    pid: child.pid ?? 0,
    accessLog: () => linesOf(join(directory, "access.log")),
    jsonLog: () => linesOf(join(directory, "registry.log")),
    stop: async () => {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const linesOf = (path: string): string[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");

/** The port stands in the log line `listening on 127.0.0.1:36289`. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    const limit = setTimeout(
      () => reject(new Error(`docker-registry named no port: ${said}`)),
      READY_MS_MAX,
    );
    const settle = (act: () => void) => {
      clearTimeout(limit);
      act();
    };
    child.once("error", (error) => settle(() => reject(error)));
    child.once("exit", () => settle(() => reject(new Error(`docker-registry ended: ${said}`))));
    // Read on for ever: a full pipe would stop the registry.
    child.stderr?.on("data", (piece: Buffer) => {
      if (said.length < 65_536) said += piece.toString();
      const port = /listening on [\d.]+:(\d+)/.exec(said)?.[1];
      if (port !== undefined) settle(() => resolve(Number(port)));
    });
  });
}

function answers(url: string, ca: string | undefined, key: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (response: { statusCode?: number | undefined; resume(): void }) => {
      response.resume();
      resolve(response.statusCode === 200 || response.statusCode === 401);
    };
    const request =
      ca === undefined || key === undefined
        ? httpGet(`${url}/v2/`, { agent: new Agent() }, settle)
        : httpsGet(`${url}/v2/`, { ca, cert: ca, key, agent: false }, settle);
    request.once("error", () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
