// The server that all peers are pointed at: nginx on loopback, one worker, two files.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requireProgram } from "./measure.ts";

const SMALL_BYTES = 600;
export const BLOB_BYTES = 10 * 1024 * 1024;

export type Nginx = { readonly origin: string; readonly stop: () => Promise<void> };

async function freePort(): Promise<number> {
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

const configuration = (folder: string, port: number): string => `
${user} pid ${folder}/nginx.pid; error_log ${folder}/error.log warn; worker_processes 1; daemon off;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; sendfile on; open_file_cache max=10;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}/files; }
}
`;

/** Throws MissingProgram where nginx is not installed. */
export async function startNginx(folder: string): Promise<Nginx> {
  const nginx = requireProgram("nginx", "apt-get install nginx-light");
  const port = await freePort();
  mkdirSync(join(folder, "files"), { recursive: true });
  writeFileSync(join(folder, "files/small"), Buffer.alloc(SMALL_BYTES, "x"));
  writeFileSync(join(folder, "files/blob"), Buffer.alloc(BLOB_BYTES, "x"));
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, port));
  const child = spawn(nginx, ["-c", join(folder, "nginx.conf")], { stdio: "ignore" });
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const answered = await fetch(`${origin}/small`).catch(() => undefined);
    if (answered?.ok === true) break;
    if (tries === 200) throw new Error("nginx does not answer");
    await sleep(20);
  }
  return {
    origin,
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
