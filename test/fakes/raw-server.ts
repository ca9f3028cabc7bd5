import { createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";

/** One answer of a fake server, in the bytes that go over the wire. */
export type Reply = {
  readonly bytes?: string | Buffer;
  /** Positions at which the bytes are cut: each piece is a write of its own, seen by the client as one. */
  readonly cuts?: readonly number[];
  /** "request" (usual): answer when head and body are in. "head": answer without the body. */
  readonly after?: "request" | "head";
  /** What becomes of the connection; "keep" when left out. */
  readonly ending?: "keep" | "close" | "reset";
};

export type RawServerOptions = {
  readonly tls?: { readonly key: string; readonly cert: string };
};

/** A server that answers the n-th request it gets, on whatever connection, with the n-th reply; the last one repeats. */
export class RawServer {
  readonly requests: { readonly head: string; readonly bodyBytes: number }[] = [];
  readonly sockets: Socket[] = [];
  connections = 0;
  resumedSessions = 0;
  readonly #replies: readonly Reply[];
  readonly #server: Server;

  constructor(replies: readonly Reply[], { tls }: RawServerOptions) {
    this.#replies = replies;
    this.#server =
      tls === undefined
        ? createServer({ noDelay: true }, (socket) => this.#accept(socket))
        : createTlsServer(tls, (socket) => {
            if (socket.isSessionReused()) this.resumedSessions++;
            this.#accept(socket);
          });
    // A client that refuses our certificate is what some tests want.
    this.#server.on("tlsClientError", () => undefined);
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string")
      throw new Error("the fake does not listen");
    return address.port;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.sockets.push(socket);
    socket.on("error", () => undefined);
    const reader = new RequestReader({
      onHead: (head, bodyBytes) => {
        const reply = this.#replies[Math.min(this.requests.length, this.#replies.length - 1)] ?? {};
        this.requests.push({ head, bodyBytes });
        if (reply.after === "head") void send(socket, reply);
        return () => {
          if (reply.after !== "head") void send(socket, reply);
        };
      },
    });
    socket.on("data", (data: Buffer) => {
      let rest = data;
      while (rest.length > 0) rest = reader.take(rest);
    });
  }
}

/** `onHead` returns what is to be done when the body is in, too. */
type RequestListener = { onHead(head: string, bodyBytes: number): () => void };

class RequestReader {
  readonly #listener: RequestListener;
  #head = "";
  #bodyLeft = 0;
  #complete: (() => void) | undefined;

  constructor(listener: RequestListener) {
    this.#listener = listener;
  }

  /** Takes bytes up to the end of the head or of the body; returns those behind. */
  take(data: Buffer): Buffer {
    let rest = data;
    if (this.#complete === undefined) {
      this.#head += data.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return data.subarray(data.length);
      rest = Buffer.from(this.#head.slice(end + 4), "latin1");
      const head = this.#head.slice(0, end);
      this.#head = "";
      this.#bodyLeft = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      this.#complete = this.#listener.onHead(head, this.#bodyLeft);
    }
    const taken = Math.min(rest.length, this.#bodyLeft);
    this.#bodyLeft -= taken;
    if (this.#bodyLeft === 0) {
      this.#complete();
      this.#complete = undefined;
    }
    return rest.subarray(taken);
  }
}

/** Started for one test, stopped after it. */
export async function startRawServer(
  test: TestContext,
  replies: readonly Reply[],
  options: RawServerOptions = {},
): Promise<RawServer> {
  const server = await new RawServer(replies, options).listen();
  test.after(() => server.stop());
  return server;
}

async function send(
  socket: Socket,
  { bytes = "", cuts = [], ending = "keep" }: Reply,
): Promise<void> {
  const all = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  const edges = [0, ...[...cuts].sort((a, b) => a - b), all.length];
  for (let i = 1; i < edges.length; i++) {
    const piece = all.subarray(edges[i - 1], edges[i]);
    if (piece.length === 0) continue;
    await new Promise((resolve) => socket.write(piece, resolve));
    // Two turns of the loop: the client, in the same process, reads the piece before the next one leaves.
    if (cuts.length > 0) for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
  }
  if (ending === "close") socket.end();
  if (ending === "reset") {
    // Behind the bytes, not instead of them: the client is given the time to read.
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
    socket.resetAndDestroy();
  }
}
