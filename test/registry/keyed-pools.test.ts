import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { nanos } from "../../src/core/units.ts";
import { KeyedPools } from "../../src/registry/keyed-pools.ts";
import { ConnectionPool } from "../../src/wire/connection-pool.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { ThreadWire } from "../../src/wire/thread-wire.ts";
import type { RawServer } from "../fakes/raw-server.ts";
import { clientFor } from "./flights.ts";

function sessions(max: number): KeyedPools<number> {
  const none = nanos(0);
  const timeouts = { connect: none, firstByte: none, idle: none, total: none };
  const wire = new ThreadWire({ clock: new ManualClock(), timeouts });
  const target = connectTarget("http://127.0.0.1:9");
  return new KeyedPools({ make: () => [new ConnectionPool(target, wire)], keysMax: max });
}

test("session pools: a session keeps its pools for as long as it is used", () => {
  const pools = sessions(2);
  const first = pools.of(1);
  pools.of(2);
  assert.equal(pools.of(1), first);
  pools.of(3);
  assert.equal(pools.of(1), first, "2 had rested longest");
  assert.equal(pools.forgotten, 1);
});

test("session pools: a session with a request under way is not forgotten", () => {
  const pools = sessions(1);
  const busy = pools.of(1);
  busy[0]?.take();
  pools.of(2);
  assert.equal(pools.of(1), busy);
});

test("session pools: connections of forgotten sessions still count", () => {
  const pools = sessions(1);
  const [pool] = pools.of(1);
  assert.ok(pool !== undefined);
  const connection = pool.take();
  connection.close();
  pools.of(2);
  assert.notEqual(pools.of(1)[0], pool);
  assert.equal(pools.opened, 1);
});

test("origins of redirects: connections are kept for so many, and the rest is counted", (t) => {
  const client = clientFor(t, { port: 9 } as RawServer);
  const first = client.poolElsewhere("http://127.0.0.1:1000", 0);
  first.takeFresh().close();
  for (let port = 1000; port < 1256; port++) client.poolElsewhere(`http://127.0.0.1:${port}`, 0);
  assert.equal(client.poolElsewhere("http://127.0.0.1:1000", 0), first);
  assert.equal(client.originsForgotten(), 0);
  for (let port = 2000; port < 2256; port++) client.poolElsewhere(`http://127.0.0.1:${port}`, 0);
  assert.notEqual(client.poolElsewhere("http://127.0.0.1:1000", 0), first);
  assert.equal(client.originsForgotten(), 257);
  assert.equal(client.connectionsOpened(), 1, "connections of forgotten origins still count");
});
