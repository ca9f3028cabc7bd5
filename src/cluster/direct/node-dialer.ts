import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import { messageOf, UsageError } from "../../core/errors.ts";
import { ENVELOPE_BYTES } from "../envelope.ts";
import type { FoundNodes, Link, MissingNode, NodeFinder } from "../link.ts";
import { FRAME_BYTES_MAX } from "../protocol/codec.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_MS_MAX,
  newConversation,
  newNonce,
  proofOf,
  sameProof,
} from "./handshake.ts";
import { isLoopback } from "./loopback.ts";
import { SocketLink } from "./socket-link.ts";

export type DialOptions = {
  /** `host:port` of each node. */
  readonly nodes: readonly string[];
  /** Empty = none. */
  readonly token: string;
  /** File of the certificate authority of the nodes (PEM); without it the nodes are asked without TLS. */
  readonly ca?: string | undefined;
  /** How long a node may take to answer for the first time. */
  readonly waitMs: number;
  /** A connection without a byte for so long is given up for a fresh one. */
  readonly silentMs: number;
};

/** Between two attempts; a node that is being restarted, or a link that was cut, is back within it. */
const AGAIN_MS = 250;

/** Denied for good: trying again would not help. */
class Denial extends Error {}
/** Nobody is there. */
class Absence extends Error {}

/** The master's end of the direct transport: connects to nodes that wait, and again whenever a connection is cut. */
export class NodeDialer implements NodeFinder {
  readonly #options: DialOptions;
  readonly #ca: string | undefined;
  readonly #links: SocketLink[] = [];
  readonly #watch: NodeJS.Timeout;

  /** Throws UsageError for a file that cannot be read. */
  constructor(options: DialOptions) {
    this.#options = options;
    this.#ca = options.ca === undefined ? undefined : readCa(options.ca);
    this.#watch = setInterval(() => this.#cutSilent(), options.silentMs / 4);
    this.#watch.unref();
  }

  async find(met: (link: Link) => void = () => {}): Promise<FoundNodes> {
    const first = async (name: string): Promise<SocketLink> => {
      const link = await this.#first(name);
      met(link);
      return link;
    };
    const attempts = await Promise.allSettled(this.#options.nodes.map(first));
    const links: Link[] = [];
    const missing: MissingNode[] = [];
    attempts.forEach((attempt, index) => {
      const name = this.#options.nodes[index] as string;
      if (attempt.status === "fulfilled") links.push(attempt.value);
      else
        missing.push({
          name,
          sentence: messageOf(attempt.reason),
          absent: attempt.reason instanceof Absence,
        });
    });
    return { links, missing };
  }

  async #first(name: string): Promise<SocketLink> {
    const host = name.slice(0, name.lastIndexOf(":"));
    const isPrivate = this.#ca !== undefined || isLoopback(host);
    const link = new SocketLink({ peer: name, isPrivate });
    const conversation = newConversation();
    const until = performance.now() + this.#options.waitMs;
    await this.#dialUntil(link, conversation, () => performance.now() >= until);
    link.onCut = () => void this.#again(link, conversation);
    this.#links.push(link);
    return link;
  }

  async #again(link: SocketLink, conversation: string): Promise<void> {
    try {
      await this.#dialUntil(link, conversation, () => link.isClosed);
    } catch (error) {
      link.fail(error);
    }
  }

  /** Throws what the last attempt failed of when `over` says that it was the last one. */
  async #dialUntil(link: SocketLink, conversation: string, over: () => boolean): Promise<void> {
    for (;;) {
      try {
        return await this.#dial(link, conversation);
      } catch (error) {
        if (error instanceof Denial || over()) throw error;
      }
      await new Promise((later) => setTimeout(later, AGAIN_MS));
    }
  }

  #dial(link: SocketLink, conversation: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = new WebSocket(`${this.#ca === undefined ? "ws" : "wss"}://${link.peer}`, {
      ca: this.#ca,
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS_MAX,
      maxPayload: FRAME_BYTES_MAX + ENVELOPE_BYTES,
    });
    const late = setTimeout(() => {
      reject(new Error("it takes connections and says nothing"));
      socket.terminate();
    }, HANDSHAKE_MS_MAX);
    socket.on("error", (error) => reject(explained(error)));
    socket.on("close", () => reject(new Error("it closed the connection")));
    this.#shakeHands(socket, { link, conversation, late, resolve, reject });
    return promise.finally(() => clearTimeout(late));
  }

  #shakeHands(socket: WebSocket, { link, conversation, late, resolve, reject }: Dialling): void {
    const { token } = this.#options;
    const nonce = newNonce();
    const give = (error: Error): void => {
      reject(error);
      socket.terminate();
    };
    socket.once("message", (first: Buffer) => {
      const challenge = decodeHandshake(first, "challenge");
      if (challenge?.type !== "challenge") return give(new Denial("it is no drayage client"));
      const proof = proofOf(token, { side: "master", nonce: challenge.nonce, conversation });
      const { received } = link;
      socket.once("message", (second: Buffer) => {
        const opened = decodeHandshake(second, "opened");
        if (opened?.type === "denied") return give(new Denial(opened.sentence));
        const expected = proofOf(token, { side: "node", nonce, conversation });
        if (opened === undefined || !sameProof(opened.proof, expected))
          return give(new Denial("it does not know the token that it asks for"));
        clearTimeout(late);
        link.attach(socket, opened.received);
        resolve();
      });
      socket.send(encodeHandshake({ type: "open", conversation, received, nonce, proof }));
    });
  }

  /** A link that was cut without a word looks like one on which nothing is said. */
  #cutSilent(): void {
    const oldest = performance.now() - this.#options.silentMs;
    for (const link of this.#links) if (link.heardAt < oldest) link.cut();
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    for (const link of this.#links) link.close();
  }
}

type Dialling = {
  readonly link: SocketLink;
  readonly conversation: string;
  readonly late: NodeJS.Timeout;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
};

function explained(error: Error & { code?: string }): Error {
  const sentence = sentenceOf(error);
  return error.code === "ECONNREFUSED" ? new Absence(sentence) : new Error(sentence);
}

function sentenceOf(error: Error & { code?: string }): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "nobody listens there; start it: drayage client -i ADDRESS -p PORT";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no host of that name";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return `its certificate is not from the authority of --ca (${error.code})`;
    case "EPROTO":
      return "it does not speak TLS: start it with --tls-cert and --tls-key, or leave --ca out";
    case "ECONNRESET":
      return "it closed the connection; if it was started with --tls-cert, give --ca FILE here";
    default:
      // What the library says of a server that speaks HTTP and nothing else.
      if (error.message.startsWith("Unexpected server response"))
        return "what listens there is no drayage client; start one: drayage client -i ADDRESS -p PORT";
      return error.message === "socket hang up"
        ? "it closed the connection; if it was started with --tls-cert, give --ca FILE here"
        : error.message;
  }
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`);
  }
}
