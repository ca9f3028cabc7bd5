// What goes over the wire: retries, redirects, connections of their own, slots.
import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { blobGets, type Traced, trace } from "./traced.ts";
import { pause, type Row, type Settings, Workplace } from "./workplace.ts";

type Line = Readonly<Record<string, string | number>>;

/** The registry gathers lines of its access log for a tenth of a second. */
const LOG_MS = 250;

const blobRequests = (lines: readonly Line[], method: string): Line[] =>
  lines.filter(
    (line) =>
      line["http.request.method"] === method &&
      String(line["http.request.uri"]).includes("/blobs/"),
  );
const connectionOf = (line: Line): string => String(line["http.request.remoteaddr"]);

describe("retries", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  const configure = (settings: Settings) =>
    place.configure(trace(blobGets(12)), {
      registry: [registry.url],
      "client_info.threads": 1,
      ...settings,
    });
  before(async () => {
    registry = await startEmbeddedRegistry();
    configure({});
    await place.warmup();
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  const retries = { "run.retries": { count: 2, backoff_ms: 1 } };
  for (const { name, fault, settings, last } of [
    {
      name: "a 429 with Retry-After is tried again after it",
      fault: "status(429,retry-after=1)",
      settings: retries,
      last: { attempts: 2, status: 200, error: null },
    },
    {
      name: "a 503 is tried again",
      fault: "status(503)",
      settings: retries,
      last: { attempts: 2, status: 200, error: null },
    },
    {
      name: "a 503 is a failure where nothing is said of retries",
      fault: "status(503)",
      settings: {},
      last: { attempts: 1, status: 503, error: "http:503" },
    },
    {
      name: "a 500 is no reason to try again",
      fault: "status(500)",
      settings: retries,
      last: { attempts: 1, status: 500, error: "http:500" },
    },
  ]) {
    test(name, async () => {
      const rules = JSON.stringify([`GET blob=${fault}@every 12`]);
      await fetch(`${registry.url}/_drayage/faults`, { method: "PUT", body: rules });
      configure(settings);
      const ended = await place.run();
      assert.equal(ended.code, 0, ended.err);
      const rows = place.rows();
      const { attempts, status, error, duration } = rows.at(-1) as Row;
      assert.deepEqual({ attempts, status, error }, last);
      // All attempts, and the pauses between them, are inside the times of the row.
      if (fault.includes("retry-after")) assert.ok(duration >= 1);
      for (const row of rows.slice(0, -1)) assert.deepEqual([row.attempts, row.error], [1, null]);
      assert.equal(place.summary().retries, last.attempts - 1);
    });
  }
});

describe("a registry that redirects its blobs to another port", () => {
  const place = new Workplace();
  const authorization = `Basic ${Buffer.from("load:secret").toString("base64")}`;
  const carried: (string | undefined)[] = [];
  let registry: EmbeddedRegistry;
  let servers: readonly Server[];
  before(async () => {
    registry = await startEmbeddedRegistry();
    const configure = (entry: unknown) =>
      place.configure(trace(blobGets(6)), { registry: [entry] });
    configure(registry.url);
    await place.warmup();
    const store = await listen(async (request, response) => {
      carried.push(request.headers.authorization);
      const answer = await fetch(`${registry.url}${request.url}`);
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    });
    const door = await listen((request, response) => {
      if (request.headers.authorization !== authorization) {
        response.writeHead(401, { "WWW-Authenticate": 'Basic realm="door"' }).end();
      } else if (request.url === "/v2/") response.writeHead(200).end();
      else response.writeHead(307, { Location: `${urlOf(store)}${request.url}` }).end();
    });
    servers = [store, door];
    configure({
      url: urlOf(door),
      auth: { type: "basic", username: "load", password: "secret" },
    });
  });
  after(async () => {
    place.leave();
    for (const server of servers) server.close().closeAllConnections();
    await registry.close();
  });

  test("is followed, verified and counted, and no credentials go along", async () => {
    const ended = await place.run();
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual(
      place.rows().map(({ error, status, size, attempts }) => [error, status, size, attempts]),
      blobGets(6).map(() => [null, 200, 1000, 1]),
    );
    assert.deepEqual(
      carried,
      blobGets(6).map(() => undefined),
    );
    assert.equal(place.summary().besides.redirects, 6);
  });
});

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const urlOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe("connections and places", () => {
  const place = new Workplace();
  const clients = ["0ee76ffa", "d51e1ab3", "68177dd0"];
  const manifestOf = (client: string): Traced => ({
    uri: `v2/${client}/bbbb2222/manifests/817c8a39`,
    client,
    at: 0.01,
  });
  /** Each client gets a manifest and then, at once, four blobs of the same name. */
  const pulls = clients.flatMap((client) => [
    manifestOf(client),
    ...blobGets(4).map(({ uri }) => ({
      uri: uri.replace("aaaa1111", client),
      client,
      at: 0.02,
      duration: 0.5,
    })),
  ]);
  let registry: EmbeddedRegistry;
  let seen = 0;
  before(async () => {
    registry = await startEmbeddedRegistry({
      accessLog: place.path("access.ndjson"),
      latencies: ["GET blob=fixed(50ms)"],
    });
    configure({});
    await place.warmup();
  });
  after(async () => {
    place.leave();
    await registry.close();
  });
  const configure = (settings: Settings) =>
    place.configure(trace(pulls), { registry: [registry.url], ...settings });

  /** Runs with these settings, and returns the registry's lines of it. */
  const linesOf = async (settings: Settings): Promise<Line[]> => {
    await pause(LOG_MS);
    seen = place.lines<Line>("access.ndjson").length;
    configure(settings);
    const ended = await place.run();
    assert.equal(ended.code, 0, ended.err);
    assert.equal(place.summary().totals.failed, 0);
    await pause(LOG_MS);
    return blobRequests(place.lines<Line>("access.ndjson").slice(seen), "GET");
  };

  test("as many connections as requests at once serve all of them", async () => {
    const lines = await linesOf({ "client_info.threads": 3 });
    assert.equal(lines.length, pulls.length);
    assert.equal(new Set(lines.map(connectionOf)).size, 3);
    assert.equal(place.summary().besides["connections opened"], 3);
  });

  test("run.keep_alive: false makes a connection per request", async () => {
    const lines = await linesOf({ "run.keep_alive": false });
    assert.equal(new Set(lines.map(connectionOf)).size, pulls.length);
    assert.equal(place.summary().besides["connections opened"], pulls.length);
  });

  test("sessions have connections of their own, and blobs wait for their manifest", async () => {
    const lines = await linesOf({ "client_info.sessions": true, "client_info.threads": 20 });
    const rows = place.rows();
    const map = place.map();
    const clientOf = new Map(rows.map(({ uri, client }) => [map[uri], client]));
    const users = new Map<string, Set<string | null | undefined>>();
    for (const line of lines) {
      const digest = String(line["http.request.uri"]).split("/").at(-1);
      const connection = connectionOf(line);
      const known = users.get(connection) ?? new Set();
      users.set(connection, known.add(clientOf.get(digest)));
    }
    for (const [connection, clients] of users) assert.equal(clients.size, 1, connection);
    assert.ok(users.size >= clients.length);
    for (const client of clients) {
      const own = rows.filter((row) => row.client === client);
      const [manifest, ...blobs] = own as [Row, ...Row[]];
      assert.equal(manifest.kind, "manifest");
      for (const blob of blobs) assert.ok(blob.time >= manifest.time + manifest.duration - 1e-5);
      for (const [index, blob] of blobs.slice(1).entries()) {
        assert.ok(blob.time >= (blobs[index]?.time ?? 0));
      }
    }
  });

  test("assign: slots gives every operation the slot of the original's rule, one after the other", async () => {
    await linesOf({ "client_info.assign": "slots", "client_info.threads": 4 });
    const rows = place.rows();
    assert.deepEqual(
      rows.map(({ slot }) => slot),
      slotsOf(rows, 4),
    );
    for (const slot of [0, 1, 2, 3]) {
      const own = rows.filter((row) => row.slot === slot);
      for (const [index, row] of own.slice(1).entries()) {
        const before = own[index] as Row;
        assert.ok(row.time >= before.time + before.duration - 1e-5);
      }
    }
  });

  test("slots and sessions exclude each other", async () => {
    configure({ "client_info.assign": "slots", "client_info.sessions": true });
    const ended = await place.run();
    assert.equal(ended.code, 2);
    assert.match(ended.err, /sessions/);
  });
});

/** trace-replay.md 5.3, by hand: times of the trace, the first at 0. */
function slotsOf(rows: readonly Row[], slots: number): number[] {
  const busy = new Array<number>(slots).fill(0);
  return rows.map(({ kind, traceDuration }) => {
    const delay = kind === "manifest" ? 0 : 0.01;
    const slot = busy.indexOf(Math.min(...busy));
    const until = busy[slot] ?? 0;
    busy[slot] = until < delay ? delay + traceDuration : until + traceDuration;
    return slot;
  });
}
