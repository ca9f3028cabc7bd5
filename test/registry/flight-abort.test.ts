import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Order } from "../../src/registry/order.ts";
import { type RawServer, type Reply, startRawServer } from "../fakes/raw-server.ts";
import {
  type ClientOptions,
  clientFor,
  ordersFor,
  originOf,
  reply,
  requestLine,
  TestFlight,
} from "./flights.ts";

/** Says nothing: the request stays open. */
const silence: Reply = {};
const LATE_MS = 30;

type Case = {
  readonly phase: string;
  readonly order: (of: ReturnType<typeof ordersFor>) => (order: Order) => Order;
  readonly replies: (origin: string) => readonly Reply[];
  readonly client?: ClientOptions;
  /** Requests that the server has seen when the flight is cut off; -1 = at once. */
  readonly after: number;
  /** What the server says when it is too late. */
  readonly late?: string;
};

const OK = reply(200, {}, "hello").bytes;

for (const { phase, order, replies, client, after, late } of [
  { phase: "it connects", order: (of) => of.get("hello"), replies: () => [silence], after: -1 },
  {
    phase: "it waits for an answer",
    order: (of) => of.get("hello"),
    replies: () => [silence],
    after: 1,
    late: OK,
  },
  {
    phase: "it receives a body",
    order: (of) => of.get("hello"),
    replies: () => [reply(200, { "Content-Length": "5" }, "hel")],
    after: 1,
    late: "lo",
  },
  {
    phase: "it waits for a redirect's target",
    order: (of) => of.get("hello"),
    replies: () => [reply(307, { Location: "/b" }), silence],
    after: 2,
    late: OK,
  },
  {
    phase: "it waits for a token",
    order: (of) => of.get("hello"),
    client: { auth: { type: "bearer", username: "u", password: "p" } },
    replies: (origin) => [
      reply(401, { "WWW-Authenticate": `Bearer realm="${origin}/token",service="s"` }),
      silence,
    ],
    after: 2,
    late: reply(200, {}, '{"token":"t"}').bytes,
  },
  {
    phase: "it waits before a retry",
    order: (of) => of.get("hello"),
    client: { retries: { count: 3, backoffMs: 1, on: [503] } },
    replies: () => [reply(503, { "Retry-After": "30" })],
    after: 1,
  },
  {
    phase: "it asks whether a blob exists",
    order: (of) => of.put(1000),
    replies: () => [silence],
    after: 1,
    late: reply(404).bytes,
  },
  {
    phase: "it opens an upload",
    order: (of) => of.put(1000),
    replies: () => [reply(404), silence],
    after: 2,
    late: reply(202, { Location: "/up" }).bytes,
  },
  {
    phase: "it sends a body",
    order: (of) => of.put(64 << 20),
    replies: () => [reply(404), reply(202, { Location: "/up" }), silence],
    after: 3,
  },
] satisfies readonly Case[] as readonly Case[]) {
  test(`flight: cut off while ${phase}, it lands once, as aborted`, async (context) => {
    const script: Reply[] = [];
    const server = await startRawServer(context, script);
    script.push(...replies(originOf(server)));
    const one = new TestFlight(clientFor(context, server, client), order(ordersFor(server)));
    const landed = one.launch();
    if (after >= 0) await untilSeen(server, after);
    one.flight.abort();
    await landed;
    assert.equal(one.error, "aborted");
    const seen = server.requests.map(requestLine);
    for (const socket of server.sockets) if (late !== undefined) socket.write(late);
    await pause(LATE_MS);
    one.flight.abort();
    assert.equal(one.landings, 1);
    assert.deepEqual(
      server.requests.map(requestLine).slice(0, Math.max(0, after)),
      seen.slice(0, Math.max(0, after)),
    );
    assert.ok(server.requests.length <= Math.max(1, after), "nothing was sent after the landing");
  });
}

async function untilSeen(server: RawServer, requests: number): Promise<void> {
  while (server.requests.length < requests) await pause(1);
  // The answer, if there is one, is on its way to the client.
  await pause(LATE_MS);
}
