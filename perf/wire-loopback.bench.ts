// One thread's client against a server in another process, both on loopback: what our wire costs per small request and
// per byte of a blob, and what undici's cheapest interface costs on the same machine in the same minutes.
import { createHash, type Hash } from "node:crypto";
import { takeOrigin, threadClock } from "../src/core/clock.ts";
import { type Bytes, nanos } from "../src/core/units.ts";
import { Connection } from "../src/wire/connection.ts";
import type { ExchangeOwner, ResponseHead } from "../src/wire/exchange.ts";
import { type ConnectTarget, connectTarget } from "../src/wire/origin.ts";
import { ReceiveBytes, ThreadWire } from "../src/wire/thread-wire.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type Client, type Load, type Seen, timed, undici } from "./client-load.ts";
import { interleave, resultOf } from "./measure.ts";
import { blobBytes, smallBodyBytes } from "./raw-responder.ts";
import { ServerProcess } from "./server-process.ts";

const blobSha256 = createHash("sha256").update(Buffer.alloc(blobBytes, "x")).digest("hex");

const wireOf = (receiveBytes: Bytes): ThreadWire =>
  new ThreadWire({
    clock: threadClock(takeOrigin()),
    timeouts: {
      connect: nanos(10e9),
      firstByte: nanos(60e9),
      idle: nanos(60e9),
      total: nanos(0),
    },
    receiveBytes,
  });

/** One of the connections of a load: begins the next exchange in the end of the one before. */
class Lane implements ExchangeOwner {
  readonly #connection: Connection;
  readonly #request: Buffer;
  readonly #run: Run;
  #hash: Hash | undefined;

  constructor(connection: Connection, request: Buffer, run: Run) {
    this.#connection = connection;
    this.#request = request;
    this.#run = run;
  }

  next(): void {
    if (this.#run.left-- > 0)
      this.#connection.exchange(this, this.#request, this.#request.length, true);
    else this.#connection.close();
  }

  onHead(head: ResponseHead): void {
    if (head.status === 200) this.#run.seen.ok++;
    if (this.#run.hashed) this.#hash = createHash("sha256");
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    this.#run.seen.bytes += to - from;
    this.#hash?.update(buffer.subarray(from, to));
  }

  onEnd(): void {
    if (this.#hash !== undefined && this.#hash.digest("hex") !== blobSha256)
      throw new Error("a blob arrived changed");
    if (++this.#run.seen.responses === this.#run.requests) this.#run.done(this.#run.seen);
    this.next();
  }

  onFailure(_code: number, message: string): void {
    throw new Error(message);
  }
}

type Run = {
  readonly requests: number;
  readonly hashed: boolean;
  left: number;
  readonly seen: Seen;
  readonly done: (seen: Seen) => void;
};

const ours =
  (target: ConnectTarget, wire: ThreadWire): Client =>
  ({ path, requests, connections, hashed = false }) =>
    new Promise((done) => {
      const seen = { responses: 0, ok: 0, bytes: 0 };
      const run: Run = { requests, hashed, left: requests, seen, done };
      const request = Buffer.from(
        `GET ${path} HTTP/1.1\r\nHost: ${target.hostHeader}\r\nAccept: */*\r\n\r\n`,
      );
      for (let i = 0; i < connections; i++)
        new Lane(new Connection(target, wire), request, run).next();
    });

async function small(target: ConnectTarget, quick: boolean): Promise<BenchResult[]> {
  const requests = quick ? 20_000 : 200_000;
  const load: Load = { path: "/small", requests, connections: 64, bodyBytes: smallBodyBytes };
  const clients = { wire: ours(target, wireOf(ReceiveBytes.small)), undici: undici(target.origin) };
  const rates: Record<keyof typeof clients, number[]> = { wire: [], undici: [] };
  const measure = (name: keyof typeof clients) => async (): Promise<number> => {
    const { cpu, wall } = await timed(clients[name], load);
    rates[name].push(requests / wall);
    return (cpu / requests) * 1e6;
  };
  const cpu = await interleave(quick ? 1 : 5, {
    wire: measure("wire"),
    undici: measure("undici"),
  });
  // The first run of each is the uncounted one.
  const counted = (name: keyof typeof clients): number[] => rates[name].slice(1);
  return [
    resultOf({ metric: "small GET, wire", unit: "CPU s/1M" }, cpu.wire),
    resultOf({ metric: "small GET, undici dispatch", unit: "CPU s/1M" }, cpu.undici),
    resultOf({ metric: "small GET, wire", unit: "requests/s" }, counted("wire")),
    resultOf({ metric: "small GET, undici dispatch", unit: "requests/s" }, counted("undici")),
  ];
}

async function blobs(target: ConnectTarget, quick: boolean): Promise<BenchResult[]> {
  const requests = quick ? 20 : 200;
  const load: Load = { path: "/blob", requests, connections: 4, bodyBytes: blobBytes };
  const perGb =
    (client: Client, hashed = false) =>
    async (): Promise<number> =>
      ((await timed(client, { ...load, hashed })).cpu / (requests * blobBytes)) * 1e9;
  const cpu = await interleave(quick ? 1 : 5, {
    large: perGb(ours(target, wireOf(ReceiveBytes.blobs))),
    small: perGb(ours(target, wireOf(ReceiveBytes.small))),
    undici: perGb(undici(target.origin)),
    largeHashed: perGb(ours(target, wireOf(ReceiveBytes.blobs)), true),
    smallHashed: perGb(ours(target, wireOf(ReceiveBytes.small)), true),
  });
  return [
    resultOf({ metric: "10 MiB blobs, wire, 1 MiB buffer", unit: "CPU s/GB" }, cpu.large),
    resultOf({ metric: "10 MiB blobs, wire, 64 KiB buffer", unit: "CPU s/GB" }, cpu.small),
    resultOf({ metric: "10 MiB blobs, undici dispatch", unit: "CPU s/GB" }, cpu.undici),
    resultOf({ metric: "SHA-256 of blobs, 1 MiB buffer", unit: "CPU s/GB" }, cpu.largeHashed),
    resultOf({ metric: "SHA-256 of blobs, 64 KiB buffer", unit: "CPU s/GB" }, cpu.smallHashed),
  ];
}

async function run({ quick }: BenchContext): Promise<BenchResult[]> {
  const responder = await ServerProcess.start("raw-responder.ts");
  try {
    const target = connectTarget(responder.origin);
    return [...(await small(target, quick)), ...(await blobs(target, quick))];
  } finally {
    await responder.stop();
  }
}

export const bench: Bench = {
  name: "wire-loopback",
  question:
    "what does our HTTP client cost per small request and per GB, against undici's dispatch?",
  topology: `
    this process, one thread                       child process, one thread
    64 connections, one exchange each  -- GET -->  raw responder: 600 bytes
    (blobs: 4 connections)             <- 200 ---  or 10 MiB, made beforehand
    measured: processor time of this process only`,
  run,
};
