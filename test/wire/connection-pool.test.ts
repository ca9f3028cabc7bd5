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

test("pool: what is opened ahead stands when it is taken, and what the server closed since is opened again", async (t) => {
  const server = await startRawServer(t, [{ bytes: ok }]);
  const pool = poolFor(server);
  const times: number[] = [];
  const stood = (taken: number): unknown => times.push(taken);
  assert.equal(await pool.openAhead(3, stood), undefined);
  assert.deepEqual([pool.opened, pool.idle, pool.open, times.length], [3, 3, 3, 3]);
  assert.ok(times.every((taken) => taken > 0));
  while (server.sockets.length < 3) await new Promise(setImmediate);
  server.sockets[1]?.end();
  while (pool.idle > 2) await new Promise(setImmediate);
  await Promise.all([pool.openAhead(3, stood), pool.openAhead(3, stood)]);
  assert.deepEqual([pool.opened, pool.idle, pool.closedIdle, times.length], [4, 3, 1, 4]);
  const connection = pool.take();
  const before = connection.connectedAt;
  assert.equal((await fetchOn(connection)).status, 200);
  assert.deepEqual([connection.connectedAt, pool.reused, server.connections], [before, 1, 4]);
  pool.closeAll();
});

test("pool: nobody listens, or connections are not kept: nothing is opened ahead", async (t) => {
  const gone = poolFor(
    await startRawServer(t, []).then(async (server) => {
      const port = server.port;
      await server.stop();
      return { port } as RawServer;
    }),
  );
  const refused = (await gone.openAhead(2, () => assert.fail("it stands"))) ?? "";
  assert.match(refused, /^cannot connect to 127\.0\.0\.1:\d+: connection refused/);
  assert.deepEqual([gone.idle, gone.open, gone.closed], [0, 0, 2]);
  const server = await startRawServer(t, [{ bytes: ok }]);
  const once = poolFor(server, { keepAlive: false });
  assert.equal(await once.openAhead(2, () => assert.fail("it stands")), undefined);
  assert.deepEqual([once.opened, server.connections], [0, 0]);
});

test("pool: a request on a connection opened ahead that the server gave up may be sent again", async (t) => {
  const server = await startRawServer(t, [{ ending: "close" }, { bytes: ok }]);
  const pool = poolFor(server);
  await pool.openAhead(1, () => {});
  const { failure, untouched } = await fetchOn(pool.take());
  assert.deepEqual([failure, untouched], ["reset", true]);
  pool.closeAll();
});

test("pool: what is under way ahead ends with the pool", async (t) => {
  const pool = poolFor(await startRawServer(t, [{ bytes: ok }]));
  const opening = pool.openAhead(2, () => assert.fail("it stands"));
  pool.closeAll();
  assert.match((await opening) ?? "", /closed on our side/);
  assert.deepEqual([pool.idle, pool.open], [0, 0]);
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
