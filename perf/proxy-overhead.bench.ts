// The recording proxy and nginx as a plain reverse proxy in front of the same upstream, in turn: what each adds to an answer's
// way, what it costs, and what becomes of the throughput of blobs.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { cpuSecondsOf, interleave, quantile, requireProgram, resultOf } from "./measure.ts";
import { BLOB_BYTES, BLOB_PATH, freePort, type Nginx, SMALL_BYTES, startNginx } from "./nginx.ts";

const SMALL_PATH = "/v2/bench/manifests/latest";

/** Something to ask: the upstream itself, or one of the proxies. */
type Door = { readonly origin: string; readonly pid: number | undefined; stop(): Promise<void> };

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, "exit");
}

/** One process, so that the system's count of its processor time is all of it. */
async function startPlainProxy(folder: string, upstream: string): Promise<Door> {
  const nginx = requireProgram("nginx", "apt-get install nginx-light");
  const port = await freePort();
  const user = process.getuid?.() === 0 ? "user root;" : "";
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `${user} pid ${folder}/pid; error_log ${folder}/error.log warn; daemon off; master_process off;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream registry { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;
    }
  }
}
`,
  );
  const child = spawn(nginx, ["-c", file], { stdio: "ignore" });
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const answered = await fetch(`${origin}${SMALL_PATH}`).catch(() => undefined);
    if (answered?.ok === true) break;
    if (tries === 200) throw new Error("the plain proxy does not answer");
    await sleep(20);
  }
  return {
    origin,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await ended(child);
    },
  };
}

type Recorder = Door & { counts(): Promise<number[]> };

async function startRecorder(folder: string, upstream: string): Promise<Recorder> {
  const module = join(import.meta.dirname, "recording-proxy-responder.ts");
  const child = spawn(process.execPath, [module, upstream, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout);
  const [port] = await once(lines, "line");
  return {
    origin: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async counts() {
      child.stdin.write("counts\n");
      const [line] = await once(lines, "line");
      return String(line).split(" ").map(Number);
    },
    async stop() {
      child.stdin.end();
      await ended(child);
    },
  };
}

/** One GET, read to its end; milliseconds. */
function timedGet(url: string, agent: Agent, bytes: number): Promise<number> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (answer) => {
      let got = 0;
      answer.on("data", (piece: Buffer) => {
        got += piece.length;
      });
      answer.once("error", reject);
      answer.once("end", () => {
        if (answer.statusCode !== 200 || got !== bytes)
          reject(new Error(`${url}: ${answer.statusCode}, ${got} bytes of ${bytes}`));
        else resolve(performance.now() - begun);
      });
    }).once("error", reject);
  });
}

type Latency = { readonly p50: number; readonly p99: number; readonly cpuMicros: number };

/** One request after the other on one connection; in microseconds. */
async function latencyOf({ origin, pid }: Door, requests: number): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const before = pid === undefined ? 0 : cpuSecondsOf(pid);
  const took: number[] = [];
  for (let n = 0; n < requests; n++)
    took.push(await timedGet(`${origin}${SMALL_PATH}`, agent, SMALL_BYTES));
  const cpu = pid === undefined ? 0 : cpuSecondsOf(pid) - before;
  agent.destroy();
  return {
    p50: quantile(took, 0.5) * 1000,
    p99: quantile(took, 0.99) * 1000,
    cpuMicros: (cpu / requests) * 1e6,
  };
}

type BlobRate = { readonly perSecond: number; readonly cpuPerGigabyte: number };

/** Gigabytes a second, and seconds of the door's processor time a gigabyte. */
async function blobRate({ origin, pid }: Door, blobs: number): Promise<BlobRate> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const before = pid === undefined ? 0 : cpuSecondsOf(pid);
  let ms = 0;
  for (let n = 0; n < blobs; n++) ms += await timedGet(`${origin}${BLOB_PATH}`, agent, BLOB_BYTES);
  const cpu = pid === undefined ? 0 : cpuSecondsOf(pid) - before;
  agent.destroy();
  const gigabytes = (blobs * BLOB_BYTES) / 1e9;
  return { perSecond: gigabytes / (ms / 1000), cpuPerGigabyte: cpu / gigabytes };
}

type Doors = { readonly direct: Door; readonly nginx: Door; readonly drayage: Recorder };
const names = ["direct", "nginx", "drayage"] as const;

/** Many short turns for blobs: what else the machine does then meets all doors alike. */
const whole = { rounds: 5, requests: 20_000, blobRounds: 15, blobs: 40 };
const short = { rounds: 2, requests: 2_000, blobRounds: 4, blobs: 10 };
type Amounts = typeof whole;

async function compare(
  doors: Doors,
  { rounds, requests, blobRounds, blobs }: Amounts,
): Promise<BenchResult[]> {
  const seen: Record<keyof Doors, Latency[]> = { direct: [], nginx: [], drayage: [] };
  const latency = (name: keyof Doors) => async (): Promise<number> => {
    const found = await latencyOf(doors[name], requests);
    seen[name].push(found);
    return found.p50;
  };
  const each = <T>(make: (name: keyof Doors) => T) =>
    Object.fromEntries(names.map((name) => [name, make(name)])) as Record<keyof Doors, T>;
  await interleave(rounds, each(latency));
  const moved: Record<keyof Doors, BlobRate[]> = { direct: [], nginx: [], drayage: [] };
  const rates = await interleave(
    blobRounds,
    each((name) => async () => {
      const found = await blobRate(doors[name], blobs);
      moved[name].push(found);
      return found.perSecond;
    }),
  );
  // The first run of each is the uncounted one.
  const counted = (name: keyof Doors): Latency[] => seen[name].slice(1);
  const added = (name: "nginx" | "drayage", of: "p50" | "p99"): number[] =>
    counted(name).map((round, at) => round[of] - (counted("direct")[at]?.[of] ?? 0));
  const share = (name: "nginx" | "drayage"): number[] =>
    rates[name].map((rate, at) => (rate / (rates.direct[at] ?? 0)) * 100);
  const cpu = (name: keyof Doors): number[] => counted(name).map(({ cpuMicros }) => cpuMicros);
  const cpuOfBlobs = (name: keyof Doors): number[] =>
    moved[name].slice(1).map(({ cpuPerGigabyte }) => cpuPerGigabyte);
  const factor = cpu("drayage").map((value, at) => value / (cpu("nginx")[at] ?? 0));
  return [
    resultOf(
      { metric: "small GET, direct, p50", unit: "us" },
      counted("direct").map(({ p50 }) => p50),
    ),
    ...(["nginx", "drayage"] as const).flatMap((name) => [
      resultOf({ metric: `${name}, added at p50`, unit: "us" }, added(name, "p50")),
      resultOf({ metric: `${name}, added at p99`, unit: "us" }, added(name, "p99")),
      resultOf({ metric: `${name}, processor`, unit: "us/request" }, cpu(name)),
      resultOf({ metric: `${name}, 10 MiB blobs, share of direct`, unit: "%" }, share(name)),
      resultOf({ metric: `${name}, 10 MiB blobs, processor`, unit: "s/GB" }, cpuOfBlobs(name)),
    ]),
    resultOf({ metric: "processor, drayage / nginx", unit: "x" }, factor),
  ];
}

/** Every request of the upstream but those of the others went through the recorder, and none was lost. */
async function check(drayage: Recorder, sent: number): Promise<BenchResult> {
  const [exchanges = 0, lost = 0, p50 = 0] = await drayage.counts();
  if (exchanges !== sent) throw new Error(`${sent} requests, ${exchanges} exchanges recorded`);
  if (lost > 0) throw new Error(`${lost} exchanges are not in the archive`);
  return resultOf({ metric: "drayage, p50 by its own histogram", unit: "us" }, [p50 / 1000]);
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const upstream: Nginx = await startNginx(join(tmp, "upstream"));
  const nginx = await startPlainProxy(join(tmp, "plain"), upstream.origin);
  const drayage = await startRecorder(join(tmp, "archive"), upstream.origin);
  const direct: Door = { origin: upstream.origin, pid: undefined, stop: async () => undefined };
  try {
    const amounts = quick ? short : whole;
    const results = await compare({ direct, nginx, drayage }, amounts);
    // Each variant runs once more than it is counted.
    const { rounds, requests, blobRounds, blobs } = amounts;
    const sent = (rounds + 1) * requests + (blobRounds + 1) * blobs;
    const own = await check(drayage, sent);
    return [...results, own];
  } finally {
    await drayage.stop();
    await nginx.stop();
    await upstream.stop();
  }
}

export const bench: Bench = {
  name: "proxy-overhead",
  question:
    "what does the recording proxy add to an answer's way, beside nginx as a plain reverse proxy?",
  topology: `
    this process            -- direct ------------------------>  nginx, one worker: 600 bytes, 10 MiB
    one connection, in turn -- nginx, one process ------------>
    (blobs likewise)        -- drayage, with its archive ----->
    measured: time of each request, processor time of the proxies; bars: 1,000 us at p50, blobs 70 % of direct`,
  run,
};
