import { readFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { messageOf, UsageError } from "../../core/errors.ts";
import { http } from "../../core/node-http.ts";
import { https } from "../../core/node-tls.ts";
import { ENVELOPE_BYTES } from "../envelope.ts";
import type { Link, MasterAwaiter } from "../link.ts";
import { FRAME_BYTES_MAX } from "../protocol/codec.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_MS_MAX,
  newNonce,
  type Open,
  proofOf,
  sameProof,
} from "./handshake.ts";
import { isLoopback } from "./loopback.ts";
import { SocketLink } from "./socket-link.ts";

export type ListenOptions = {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Empty = none, which is for loopback addresses only. */
  readonly token: string;
  /** Files of a certificate and its key, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
};

/** Connections at once: a master has one, and those without a token are cut off soon. */
const CONNECTIONS_MAX = 64;

/** The node's end of the direct transport: waits for masters to connect. */
export class NodeListener implements MasterAwaiter {
  readonly #options: ListenOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #links = new Map<string, SocketLink>();
  #conversation: (link: Link) => void = () => {};

  /** Throws UsageError for an address without a token that others can reach, and for files that cannot be read. */
  constructor(options: ListenOptions) {
    const { host, token, tls } = options;
    if (token === "" && !isLoopback(host))
      throw new UsageError(
        `${host} can be reached by others: set DRAYAGE_NODE_TOKEN to a secret, here and at the master, or listen with -i 127.0.0.1`,
      );
    this.#options = options;
    this.#server =
      tls === undefined
        ? http.createServer(explain)
        : https().createServer({ cert: readPem(tls.cert), key: readPem(tls.key) }, explain);
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#sockets = new WebSocketServer({
      server: this.#server,
      maxPayload: FRAME_BYTES_MAX + ENVELOPE_BYTES,
      perMessageDeflate: false,
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    const { host, tls } = this.#options;
    const name = host.includes(":") ? `[${host}]` : host;
    return `${tls === undefined ? "" : "TLS on "}${name}:${this.port}`;
  }

  async await(conversation: (link: Link) => void): Promise<void> {
    this.#conversation = conversation;
    this.#sockets.on("connection", (socket, request) => this.#shakeHands(socket, request.socket));
    const { host, port } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#sockets.once("error", reject);
    this.#server.listen(port, host, resolve);
    await promise.catch((error: unknown) => {
      throw new UsageError(`cannot listen on ${host}:${port}: ${messageOf(error)}`);
    });
    // Later errors of the server belong to single connections.
    this.#sockets.on("error", () => {});
  }

  #shakeHands(socket: WebSocket, connection: Socket): void {
    const nonce = newNonce();
    const late = setTimeout(() => socket.terminate(), HANDSHAKE_MS_MAX);
    socket.on("error", () => socket.terminate());
    socket.once("close", () => clearTimeout(late));
    socket.once("message", (data: Buffer) => {
      clearTimeout(late);
      const open = decodeHandshake(data, "open");
      if (open?.type !== "open") socket.terminate();
      else this.#open(socket, connection, { open, nonce });
    });
    socket.send(encodeHandshake({ type: "challenge", nonce }));
  }

  #open(
    socket: WebSocket,
    connection: Socket,
    { open, nonce }: { open: Open; nonce: Uint8Array },
  ): void {
    const { token, tls } = this.#options;
    const { conversation } = open;
    const denial = this.#denialOf(open, nonce);
    if (denial !== undefined) {
      socket.send(encodeHandshake({ type: "denied", sentence: denial }));
      socket.close();
      return;
    }
    const known = this.#links.get(conversation);
    const proof = proofOf(token, { side: "node", nonce: open.nonce, conversation });
    const isPrivate = tls !== undefined || isLoopback(connection.remoteAddress ?? "");
    const link = known ?? this.#newLink(conversation, connection, isPrivate);
    socket.send(encodeHandshake({ type: "opened", received: link.received, proof }));
    link.attach(socket, open.received);
    if (known === undefined) this.#conversation(link);
  }

  #denialOf({ conversation, proof, received }: Open, nonce: Uint8Array): string | undefined {
    const expected = proofOf(this.#options.token, { side: "master", nonce, conversation });
    if (!sameProof(proof, expected))
      return "the token is another one: set DRAYAGE_NODE_TOKEN to the same text on both sides";
    if (!this.#links.has(conversation) && received > 0)
      return "it knows nothing of this run: it was restarted, or gave the master up";
    return undefined;
  }

  #newLink(conversation: string, connection: Socket, isPrivate: boolean): SocketLink {
    const peer = `${connection.remoteAddress}:${connection.remotePort}`;
    const link = new SocketLink({ peer, isPrivate });
    this.#links.set(conversation, link);
    link.onClosed = () => this.#links.delete(conversation);
    return link;
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
  }
}

/** Whoever asks for a page, or looks whether somebody is there. */
function explain(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { "Content-Type": "text/plain", Upgrade: "websocket" });
  response.end(
    "drayage client: name this address to a master, in client_info.client_list or --nodes\n",
  );
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`);
  }
}
