import { createHash } from "node:crypto";
import type { TestContext } from "node:test";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { failureKinds } from "../../src/core/failure.ts";
import { Kind, Op } from "../../src/core/operation.ts";
import type { ClientSpec, EndpointSpec } from "../../src/registry/client-spec.ts";
import { contentDigest } from "../../src/registry/content.ts";
import { RegistryFlight } from "../../src/registry/flight.ts";
import type { Order } from "../../src/registry/order.ts";
import { requestHead } from "../../src/registry/request-head.ts";
import { ThreadClient } from "../../src/registry/thread-client.ts";
import type { RawServer, Reply } from "../fakes/raw-server.ts";

export type ClientOptions = {
  readonly auth?: EndpointSpec["auth"];
  readonly retries?: ClientSpec["retries"];
  readonly keepAlive?: boolean;
  readonly pathPrefix?: string;
};

export const originOf = (server: RawServer): string => `http://127.0.0.1:${server.port}`;

const styleOf = (server: RawServer, keepAlive = true) => ({
  hostHeader: `127.0.0.1:${server.port}`,
  userAgent: "drayage/test",
  keepAlive,
});

export const noRetries: ClientSpec["retries"] = { count: 0, backoffMs: 1, on: [] };

/** What a request thread has, for one registry that the fake plays. */
export function clientFor(
  test: TestContext,
  server: RawServer,
  { auth = { type: "none" }, retries = noRetries, keepAlive, pathPrefix = "" }: ClientOptions = {},
): ThreadClient {
  const spec: ClientSpec = {
    endpoints: [
      {
        origin: originOf(server),
        pathPrefix,
        namePrefix: "",
        style: styleOf(server, keepAlive),
        insecure: false,
        auth,
      },
    ],
    timeouts: { connect: 5, firstByte: 5, idle: 5, total: 0 },
    retries,
    keepAlive: keepAlive ?? true,
    seed: "0",
    random: false,
    receiveBytes: 64 * 1024,
  };
  const client = new ThreadClient(spec, threadClock(takeOrigin()));
  test.after(() => client.close());
  return client;
}

export const KEY = "v2/lib/app/blobs/aa";

/** Orders for the registry that a fake plays, by name. */
export function ordersFor(server: RawServer) {
  const style = styleOf(server);
  const head = (method: string, path: string, fields: [string, string][] = []) =>
    requestHead(method, path, style, fields);
  const fill = (order: Order, own: Partial<Order>): Order =>
    Object.assign(order, { registry: 0, session: -1, kind: Kind.blob }, own);
  const upload = (size: number): Partial<Order> => ({
    size,
    key: KEY,
    digest: contentDigest({ seed: "0", key: KEY, size, random: false }),
    target: Buffer.from("/v2/lib/app"),
  });
  return {
    get: (content: string) => (order: Order) =>
      fill(order, {
        op: Op.GET,
        verify: true,
        size: content.length,
        digest: sha256(content),
        target: head("GET", "/v2/lib/app/blobs/x"),
      }),
    getManifest: (content: string) => (order: Order) =>
      fill(order, {
        op: Op.GET,
        kind: Kind.manifest,
        verify: true,
        digest: sha256(content),
        target: head("GET", "/v2/lib/app/manifests/v1", [["Accept", "application/json"]]),
      }),
    request: (path: string) => (order: Order) =>
      fill(order, { op: Op.REQUEST, kind: Kind.other, target: head("GET", path) }),
    head: (order: Order) =>
      fill(order, { op: Op.HEAD, target: head("HEAD", "/v2/lib/app/blobs/x") }),
    headOfMissing: (order: Order) =>
      fill(order, {
        op: Op.HEAD,
        expectMissing: true,
        target: head("HEAD", "/v2/lib/app/blobs/x"),
      }),
    put: (size: number) => (order: Order) => fill(order, { op: Op.PUT, ...upload(size) }),
    push: (size: number) => (order: Order) =>
      fill(order, { op: Op.PUSH, mountFrom: "lib/base", ...upload(size) }),
    putManifest: (content: string) => (order: Order) =>
      fill(order, {
        op: Op.PUT,
        kind: Kind.manifest,
        digest: sha256(content),
        body: Buffer.from(content),
        target: Buffer.from("/v2/lib/app/manifests/v1"),
      }),
  };
}

export const sha256 = (content: string): Buffer => createHash("sha256").update(content).digest();
export const digestText = (digest: Buffer): string => `sha256:${digest.toString("hex")}`;

/** A flight and how often it has landed. */
export class TestFlight {
  readonly flight: RegistryFlight;
  landings = 0;
  #landed: (() => void) | undefined;

  constructor(client: ThreadClient, fill: (order: Order) => Order) {
    this.flight = new RegistryFlight(client, {
      landed: () => {
        this.landings++;
        this.#landed?.();
      },
    });
    fill(this.flight.order);
  }

  /** Resolves when it has landed. */
  launch(): Promise<void> {
    return new Promise((landed) => {
      this.#landed = landed;
      this.flight.launch();
    });
  }

  get error(): string | undefined {
    return failureKinds[this.flight.failure];
  }
}

/** Launches one flight and waits for it. */
export async function fly(
  client: ThreadClient,
  fill: (order: Order) => Order,
): Promise<TestFlight> {
  const one = new TestFlight(client, fill);
  await one.launch();
  return one;
}

/** An answer in wire form; its length is announced unless `fields` do. */
export function reply(
  status: number,
  fields: Readonly<Record<string, string>> = {},
  body = "",
): Reply & { readonly bytes: string } {
  const all = { "Content-Length": String(body.length), ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return { bytes: `HTTP/1.1 ${status} Said\r\n${lines.join("")}\r\n${body}` };
}

export const requestLine = (request: { readonly head: string }): string =>
  request.head.split("\r\n")[0] as string;

export const fieldOf = ({ head }: { readonly head: string }, name: string): string | undefined =>
  head
    .split("\r\n")
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    ?.slice(name.length + 1)
    .trim();
