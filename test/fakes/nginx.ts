// Starts nginx on a free loopback port in front of another server, for tests that need its TLS and HTTP/2.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./certificate.ts";

export interface Nginx {
  readonly url: string;
  /** Lines of the access log so far. */
  accessLog(): string[];
  stop(): Promise<void>;
}

const READY_MS_MAX = 10_000;
const POLL_MS = 20;

/** Undefined where nginx is missing: skip the test loudly. */
export async function startNginx({
  certificate,
  upstream,
  http2,
}: {
  readonly certificate: Certificate;
  /** `http://host:port`. */
  readonly upstream: string;
  readonly http2: boolean;
}): Promise<Nginx | undefined> {
  if (spawnSync("nginx", ["-v"], { stdio: "ignore" }).error !== undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "drayage-nginx-"));
  const file = (name: string): string => join(directory, name);
  const port = await freePort();
  writeFileSync(file("tls.crt"), certificate.cert);
  writeFileSync(file("tls.key"), certificate.key);
  writeFileSync(
    file("nginx.conf"),
    `daemon off;
error_log ${file("error.log")};
pid ${file("nginx.pid")};
worker_processes 1;
events { worker_connections 256; }
http {
  access_log ${file("access.log")};
  client_body_temp_path ${file("body")};
  proxy_temp_path ${file("proxy")};
  fastcgi_temp_path ${file("fastcgi")};
  uwsgi_temp_path ${file("uwsgi")};
  scgi_temp_path ${file("scgi")};
  server {
    listen 127.0.0.1:${port} ssl${http2 ? " http2" : ""};
    ssl_certificate ${file("tls.crt")};
    ssl_certificate_key ${file("tls.key")};
    location / { proxy_pass ${upstream}; proxy_buffering off; proxy_set_header Host $http_host; }
  }
}
`,
  );
  const child = spawn("nginx", ["-p", directory, "-c", file("nginx.conf")], { stdio: "ignore" });
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);
  const stop = async (): Promise<void> => {
    process.removeListener("exit", kill);
    await ended(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await listening(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `https://127.0.0.1:${port}`,
    accessLog: () =>
      readFileSync(file("access.log"), "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    stop,
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (performance.now() < deadline) {
    const socket = connect({ host: "127.0.0.1", port });
    const stands = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (stands) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`nginx does not listen on port ${port}`);
}
