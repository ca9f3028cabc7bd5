import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "../../src/wire/connection.ts";
import { ConnectionPool, type PoolOptions } from "../../src/wire/connection-pool.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { type RawServer, startRawServer } from "../fakes/raw-server.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { fetchOn, get, wireFor } from "./wires.ts";

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const poolFor = (server: RawServer, options?: PoolOptions): ConnectionPool =>
  new ConnectionPool(connectTarget(`http://127.0.0.1:${server.port}`), wireFor(), options);

const counts = ({ opened, reused, closed, closedIdle, idle, open }: ConnectionPool) => ({
  opened,
  reused,
  closed,
  closedIdle,
  idle,
  open,
});

const served = async (pool: ConnectionPool): Promise<Connection> => {
  const connection = pool.take();
  await fetchOn(connection);
  return connection;
};

test("pool: what was given last is taken first", async (t) => {
  const pool = poolFor(await startRawServer(t, [{ bytes: ok }]));
  const [first, second] = [await served(pool), await served(pool)];
  pool.give(first);
  pool.give(second);
  assert.equal(pool.take(), second);
  assert.equal(pool.take(), first);
  assert.notEqual(pool.take(), first);
  assert.deepEqual(counts(pool), {
    opened: 3,
    reused: 2,
    closed: 0,
    closedIdle: 0,
    idle: 0,
    open: 3,
  });
  pool.closeAll();
  assert.deepEqual(counts(pool), {
    opened: 3,
    reused: 2,
    closed: 3,
    closedIdle: 0,
    idle: 0,
    open: 0,
  });
});

test("pool: an idle connection that the server closes leaves silently, and is counted", async (t) => {
  const server = await startRawServer(t, [{ bytes: ok }]);
  const pool = poolFor(server);
  const connections = [await served(pool), await served(pool), await served(pool)];
  for (const connection of connections) pool.give(connection);
  server.sockets[1]?.end();
  while (pool.idle > 2) await new Promise(setImmediate);
  assert.deepEqual(counts(pool), {
    opened: 3,
    reused: 0,
    closed: 1,
    closedIdle: 1,
    idle: 2,
    open: 2,
  });
  assert.deepEqual([pool.take(), pool.take()], [connections[2], connections[0]]);
  pool.closeAll();
});

test("pool: without keep-alive a connection that is given back is closed", async (t) => {
  const server = await startRawServer(t, [{ bytes: ok }]);
  const pool = poolFor(server, { keepAlive: false });
  for (let i = 0; i < 3; i++) pool.give(await served(pool));
  assert.deepEqual(counts(pool), {
    opened: 3,
    reused: 0,
    closed: 3,
    closedIdle: 0,
    idle: 0,
    open: 0,
  });
  assert.equal(server.connections, 3);
});

test("pool: what the server closed or nobody used is not taken again", async (t) => {
  const closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  const pool = poolFor(await startRawServer(t, [{ bytes: closing, ending: "close" }]));
  pool.give(await served(pool));
  pool.give(pool.take());
  assert.deepEqual(counts(pool), {
    opened: 2,
    reused: 0,
    closed: 2,
    closedIdle: 0,
    idle: 0,
    open: 0,
  });
});

test("pool: closing all fails what is under way", async (t) => {
  const server = await startRawServer(t, [{}]);
  const wire = wireFor();
  const pool = new ConnectionPool(connectTarget(`http://127.0.0.1:${server.port}`), wire);
  const owner = new RecordingOwner();
  pool.take().exchange(owner, get, get.length, true);
  assert.equal(wire.deadlines.open, 1);
  pool.closeAll();
  assert.deepEqual([owner.failure, pool.open, wire.deadlines.open], ["aborted", 0, 0]);
});
