import assert from "node:assert/strict";
import { test } from "node:test";
import { contentDigest } from "../../src/registry/content.ts";
import type { Order } from "../../src/registry/order.ts";
import { type Reply, startRawServer } from "../fakes/raw-server.ts";
import {
  type ClientOptions,
  clientFor,
  digestText,
  fly,
  KEY,
  ordersFor,
  reply,
  requestLine,
} from "./flights.ts";

/** One conversation of a flight with a registry. */
export type Case = {
  readonly name: string;
  readonly order: (of: ReturnType<typeof ordersFor>) => (order: Order) => Order;
  readonly replies: readonly Reply[];
  readonly client?: ClientOptions;
  /** Kind of failure; "none" if left out. */
  readonly error?: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly attempts?: number;
  readonly how?: number;
  readonly detail?: RegExp;
  /** Request lines as the server saw them. */
  readonly sent: readonly string[];
};

/** Size and digest of the blob that pushes are about. */
export const SIZE = 1000;
export const digest = digestText(contentDigest({ seed: "0", key: KEY, size: SIZE, random: false }));
export const MANIFEST = '{"schemaVersion":2}';
export const retry503: NonNullable<ClientOptions["retries"]> = {
  count: 1,
  backoffMs: 1,
  on: [503],
};

export const UPLOAD = "/v2/lib/app/blobs/uploads/7";
export const missing = reply(404);
export const opened = reply(202, { Location: UPLOAD });
export const created = reply(201);

/** Each case is a test of its own. */
export function testFlights(cases: readonly Case[]): void {
  for (const { name, order, replies, client, sent, error = "none", ...wanted } of cases) {
    test(`flight: ${name}`, async (context) => {
      const server = await startRawServer(context, replies);
      const landed = await fly(clientFor(context, server, client), order(ordersFor(server)));
      const { flight } = landed;
      assert.equal(landed.error, error, flight.detail);
      assert.deepEqual(server.requests.map(requestLine), sent);
      for (const key of ["status", "bytes", "attempts", "how"] as const)
        if (wanted[key] !== undefined) assert.equal(flight[key], wanted[key], key);
      if (wanted.detail !== undefined) assert.match(flight.detail, wanted.detail);
      assert.equal(landed.landings, 1);
      assert.ok(flight.doneAt >= flight.sentAt);
    });
  }
}
