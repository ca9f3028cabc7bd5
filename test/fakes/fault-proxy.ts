import { connect, createServer, type Server, type Socket } from "node:net";

/** What the proxy does to the answers of a connection; byte counts are of the server's bytes, per connection. */
export type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "truncate"; readonly afterBytes: number }
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** Turns over the bits of the byte at this position. */
  | { readonly kind: "corrupt"; readonly at: number };

/**
 * A TCP proxy that stands before a healthy server and makes it a bad one. Listens on 127.0.0.1.
 * `fault` holds for connections that are opened after it was set; `freeze`, `thaw`, `refuse` and `accept` act at once.
 */
export class FaultProxy {
  fault: Fault = { kind: "none" };
  connections = 0;
  /** Bytes that came from the server and left towards clients. */
  forwarded = 0;
  port = 0;
  readonly #upstream: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<Pair>();
  #frozen = false;
  #server: Server | undefined;

  constructor(upstream: { readonly host: string; readonly port: number }) {
    this.#upstream = upstream;
  }

  /** No byte passes in either direction; connections stay open and are still accepted. */
  freeze(): void {
    this.#frozen = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  thaw(): void {
    this.#frozen = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** New connections are refused until `accept`; those that stand go on, unless `alsoOpen` cuts them. */
  async refuse({ alsoOpen = false } = {}): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (alsoOpen) this.#cutAll();
    // Not awaited: close() waits for the open connections, the port is free at once.
    server?.close();
    await new Promise(setImmediate);
  }

  /** Listens again, on the same port. */
  async accept(): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) =>
      this.#join(client),
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    this.#server = server;
    const address = server.address();
    if (address !== null && typeof address === "object") this.port = address.port;
  }

  async stop(): Promise<void> {
    await this.refuse({ alsoOpen: true });
  }

  #cutAll(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  #join(client: Socket): void {
    this.connections++;
    const server = connect({ ...this.#upstream, noDelay: true });
    const pair: Pair = { client, server };
    this.#pairs.add(pair);
    // An upstream that refuses or resets looks the same from before the proxy.
    server.on("error", () => client.resetAndDestroy());
    client.on("error", () => server.destroy());
    client.on("close", () => {
      this.#pairs.delete(pair);
      server.destroy();
    });
    client.on("data", (data) => passOn({ data, from: client, to: server }, this.#stalled));
    client.on("end", () => server.end());
    new Answers(pair, this.fault, this.#stalled, (bytes) => {
      this.forwarded += bytes;
    });
    if (this.#frozen) {
      client.pause();
      server.pause();
    } else client.resume();
  }

  readonly #stalled = (): boolean => this.#frozen;
}

type Pair = { readonly client: Socket; readonly server: Socket };

/** The way back from the server, where the faults are. */
class Answers {
  readonly #pair: Pair;
  readonly #fault: Fault;
  readonly #stalled: () => boolean;
  readonly #forwarded: (bytes: number) => void;
  #seen = 0;

  constructor(pair: Pair, fault: Fault, stalled: () => boolean, forwarded: (n: number) => void) {
    this.#pair = pair;
    this.#fault = fault;
    this.#stalled = stalled;
    this.#forwarded = forwarded;
    pair.server.on("data", (data) => this.#later(() => this.#take(data)));
    pair.server.on("end", () => this.#later(() => pair.client.end()));
  }

  #later(act: () => void): void {
    if (this.#fault.kind === "delay") setTimeout(act, this.#fault.ms);
    else act();
  }

  #take(data: Buffer): void {
    const { client, server } = this.#pair;
    const cutting = this.#fault.kind === "truncate" || this.#fault.kind === "reset";
    const left = "afterBytes" in this.#fault ? this.#fault.afterBytes - this.#seen : data.length;
    const passed = data.subarray(0, Math.max(0, Math.min(left, data.length)));
    if (this.#fault.kind === "corrupt") turnOver(passed, this.#fault.at - this.#seen);
    this.#seen += passed.length;
    this.#forwarded(passed.length);
    if (passed.length > 0) passOn({ data: passed, from: server, to: client }, this.#stalled);
    if (!cutting || left > data.length || client.destroyed) return;
    server.destroy();
    if (this.#fault.kind === "truncate") client.end();
    // Behind the bytes: a reset at once would take them along.
    else client.write("", () => setTimeout(() => client.resetAndDestroy(), 20));
  }
}

function turnOver(data: Buffer, at: number): void {
  const byte = data[at];
  if (byte !== undefined) data[at] = ~byte;
}

/** Writes, and holds the sender back while the receiver is slow, or thaws too late. */
function passOn(
  { data, from, to }: { readonly data: Buffer; readonly from: Socket; readonly to: Socket },
  stalled: () => boolean,
): void {
  if (to.destroyed || to.write(data)) return;
  from.pause();
  to.once("drain", () => {
    if (!stalled()) from.resume();
  });
}

export async function startFaultProxy(upstream: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultProxy> {
  const proxy = new FaultProxy(upstream);
  await proxy.accept();
  return proxy;
}
