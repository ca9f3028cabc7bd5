// The server that all peers are pointed at: nginx on loopback, one worker, two files, one counter; with TLS where asked for.
// To a replay it is a registry in which every blob is the small file.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requireProgram } from "./measure.ts";

export const SMALL_BYTES = 600;
export const BLOB_BYTES = 10 * 1024 * 1024;

export const small = Buffer.alloc(SMALL_BYTES, "x");
const blob = Buffer.alloc(BLOB_BYTES, "x");

export const SMALL_PATH = "/small";
/** Where a registry would have the blob, so that a client can know its digest. */
export const BLOB_PATH = `/v2/bench/blobs/sha256:${createHash("sha256").update(blob).digest("hex")}`;

export type Nginx = {
  readonly origin: string;
  /** Requests that it has been sent, those of this function left out. */
  readonly requests: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** A certificate for 127.0.0.1 that signed itself, and its key: PEM files. */
export type CertificateFiles = { readonly certificate: string; readonly key: string };

/** Throws MissingProgram where openssl is not installed. */
export function makeCertificate(folder: string): CertificateFiles {
  const openssl = requireProgram("openssl", "apt-get install openssl");
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  execFileSync(
    openssl,
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "2", "-subj", "/CN=localhost", "-keyout", files.key, "-out", files.certificate],
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ],
    { stdio: "ignore" },
  );
  return files;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** Started by root, nginx would change to a user who may not read the bench's folder. */
const user = process.getuid?.() === 0 ? "user root;" : "";

type Ports = { readonly plain: number; readonly tls: number };

const configuration = (folder: string, ports: Ports, tls: CertificateFiles | undefined): string => `
${user} pid ${folder}/nginx.pid; error_log ${folder}/error.log warn; worker_processes 1; daemon off;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; sendfile on; open_file_cache max=10;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${ports.plain};
    ${tls === undefined ? "" : `listen 127.0.0.1:${ports.tls} ssl; ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`}
    root ${folder}/files;
    location = /status { stub_status; }
    location = ${BLOB_PATH} { }
    location /v2/ { rewrite ^ ${SMALL_PATH} break; }
  }
}
`;

/** The page of its counters has three numbers in its third line: accepted, handled, requests. */
async function countOf(origin: string): Promise<number> {
  const page = await (await fetch(`${origin}/status`)).text();
  const requests = /\n\s*\d+ \d+ (\d+)/.exec(page)?.[1];
  if (requests === undefined) throw new Error(`nginx says of itself: ${page}`);
  return Number(requests);
}

/** Throws MissingProgram where nginx is not installed. `tls`: the origin is one of https. */
export async function startNginx(folder: string, tls?: CertificateFiles): Promise<Nginx> {
  const nginx = requireProgram("nginx", "apt-get install nginx-light");
  const ports = { plain: await freePort(), tls: await freePort() };
  mkdirSync(join(folder, "files/v2/bench/blobs"), { recursive: true });
  writeFileSync(join(folder, "files", SMALL_PATH), small);
  writeFileSync(join(folder, "files", BLOB_PATH), blob);
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, ports, tls));
  const child = spawn(nginx, ["-c", join(folder, "nginx.conf")], { stdio: "ignore" });
  const plain = `http://127.0.0.1:${ports.plain}`;
  for (let tries = 0; ; tries++) {
    const answered = await fetch(`${plain}${SMALL_PATH}`).catch(() => undefined);
    if (answered?.ok === true) break;
    if (tries === 200) throw new Error("nginx does not answer");
    await sleep(20);
  }
  let asked = 0;
  return {
    origin: tls === undefined ? plain : `https://127.0.0.1:${ports.tls}`,
    async requests() {
      return (await countOf(plain)) - ++asked;
    },
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
