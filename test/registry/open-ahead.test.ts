import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawServer, startRawServer } from "../fakes/raw-server.ts";
import { clientFor } from "./flights.ts";

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const opened = async (places: number, client: ReturnType<typeof clientFor>) => {
  const times: number[] = [];
  const unopened = await client.openAhead([0], {
    places,
    stood: (taken) => times.push(taken),
  });
  return { unopened, stood: times.length };
};

for (const { name, places, stood, keepAlive } of [
  { name: "as many connections as places", places: 3, stood: 3, keepAlive: true },
  { name: "no more than make sense", places: 4096, stood: 64, keepAlive: true },
  { name: "none that would not be kept", places: 3, stood: 0, keepAlive: false },
])
  test(`a client opens ahead ${name}`, async (t) => {
    const server = await startRawServer(t, [{ bytes: ok }]);
    const client = clientFor(t, server, { keepAlive });
    assert.deepEqual(await opened(places, client), { unopened: undefined, stood });
    assert.equal(client.connectionsOpened(), stood);
    // A second time there is nothing to open.
    assert.deepEqual(await opened(places, client), { unopened: undefined, stood: 0 });
  });

test("a client says which registry takes no connection", async (t) => {
  const server = await startRawServer(t, []);
  const { port } = server;
  await server.stop();
  const { unopened, stood } = await opened(2, clientFor(t, { port } as RawServer));
  assert.equal(stood, 0);
  assert.match(
    unopened ?? "",
    new RegExp(
      `^http://127.0.0.1:${port}: cannot connect to 127.0.0.1:${port}: connection refused`,
    ),
  );
});
