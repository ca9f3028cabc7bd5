import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { nanos } from "../../src/core/units.ts";
import { SessionPools } from "../../src/registry/session-pools.ts";
import { ConnectionPool } from "../../src/wire/connection-pool.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { ThreadWire } from "../../src/wire/thread-wire.ts";

function sessions(max: number): SessionPools {
  const none = nanos(0);
  const timeouts = { connect: none, firstByte: none, idle: none, total: none };
  const wire = new ThreadWire({ clock: new ManualClock(), timeouts });
  const target = connectTarget("http://127.0.0.1:9");
  return new SessionPools(() => [new ConnectionPool(target, wire)], max);
}

test("session pools: a session keeps its pools for as long as it is used", () => {
  const pools = sessions(2);
  const first = pools.of(1);
  pools.of(2);
  assert.equal(pools.of(1), first);
  pools.of(3);
  assert.equal(pools.of(1), first, "2 had rested longest");
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
