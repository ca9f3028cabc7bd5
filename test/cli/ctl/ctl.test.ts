// `drayage ctl` as it is typed, against the endpoint of a run in this process.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { verbs } from "../../../src/cli/commands.ts";
import { ctlAddress, freeCtlAddress } from "../../../src/cli/ctl/ctl-address.ts";
import { type Order, orderProof } from "../../../src/cli/ctl/order.ts";
import { RunEndpoint } from "../../../src/cli/ctl/run-endpoint.ts";
import type { RunStatus } from "../../../src/cli/ctl/run-status.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { gauge } from "../../../src/report/metrics/run-families.ts";
import { drayage, type Said } from "../fake-terminal.ts";

const status: RunStatus = {
  verb: "run",
  directory: "runs/one",
  state: "running",
  elapsed: 2.5,
  speed: 2,
  share: 0.25,
  left: 7.5,
  inFlight: 3,
  operations: [{ operation: "get-blob", started: 9, done: 5, failed: 1 }],
  nodes: [],
};

type Stage = {
  readonly url: string;
  readonly obeyed: Order[];
  readonly type: (...words: string[]) => Promise<Said>;
};

async function stage(
  t: TestContext,
  { token = "", known }: { token?: string; known?: string } = {},
): Promise<Stage> {
  const obeyed: Order[] = [];
  const run = {
    status: () => status,
    metrics: () => [gauge("drayage_in_flight", "Under way.", 3)],
    obey: (order: Order) => {
      obeyed.push(order);
      return order.order === "resume"
        ? { error: "the run is not paused" }
        : { order: order.order, at: order.order === "drain" ? null : 3.25 };
    },
  };
  const { endpoint, port } = await listening(run, token);
  t.after(() => endpoint.close());
  const url = `http://127.0.0.1:${port}`;
  const env = { DRAYAGE_NODE_TOKEN: known ?? token };
  const type = (...words: string[]): Promise<Said> =>
    drayage(["ctl", ...words, "--url", url], { verbs, env });
  return { url, obeyed, type };
}

async function listening(run: ConstructorParameters<typeof RunEndpoint>[0], token: string) {
  const said: string[] = [];
  const endpoint = new RunEndpoint(run, { host: "127.0.0.1", port: 0, token }, (line) =>
    said.push(line),
  );
  const port = await endpoint.port;
  return { endpoint, port, said };
}

for (const { words, order, out } of [
  { words: ["pause"], order: { order: "pause" }, out: "pause: from 3.250 s of the run on\n" },
  { words: ["speed", "1.5"], order: { order: "speed", factor: 1.5 }, out: /^speed: from/ },
  { words: ["speed", ".5"], order: { order: "speed", factor: 0.5 }, out: /^speed: from/ },
  { words: ["drain"], order: { order: "drain" }, out: /^drain: / },
  { words: ["stop", "--json"], order: { order: "stop" }, out: '{"order":"stop","at":3.25}\n' },
] as const) {
  test(`ctl ${words.join(" ")} reaches the run`, async (t) => {
    const { type, obeyed } = await stage(t);
    const said = await type(...words);
    assert.equal(said.exit, 0, said.err);
    if (typeof out === "string") assert.equal(said.out, out);
    else assert.match(said.out, out);
    assert.deepEqual(obeyed, [order]);
  });
}

for (const { words, says } of [
  { words: ["halt"], says: /^an order is status, pause, resume, speed, drain, stop, not "halt"/ },
  { words: ["speed"], says: /^speed wants a factor, such as drayage ctl speed 2\n/ },
  { words: ["speed", "fast"], says: /^speed wants a factor.*not "fast"/ },
  { words: ["speed", "-1"], says: /-1/ },
  { words: ["pause", "2"], says: /^pause takes no number: drayage ctl pause/ },
  { words: ["resume"], says: /^the run is not paused/ },
]) {
  test(`ctl ${words.join(" ")} is refused with a sentence`, async (t) => {
    const { type } = await stage(t);
    const said = await type(...words);
    assert.equal(said.exit, 2);
    assert.match(said.err, says);
  });
}

test("ctl status tells how the run does, for people and for programs", async (t) => {
  const { type } = await stage(t);
  const { out } = await type("status");
  assert.match(
    out,
    /^run running, 2\.5 s since the start, 25 % done, 7\.5 s left, speed 2, 3 in flight$/m,
  );
  assert.match(out, /^ {2}get-blob: 9 started, 5 done, 1 failed$/m);
  assert.deepEqual(JSON.parse((await type("status", "--json")).out), status);
});

test("a run with a token obeys those who know it, and tells others what to set", async (t) => {
  const { type, obeyed } = await stage(t, { token: "one" });
  assert.equal((await type("pause")).exit, 0);
  assert.equal(obeyed.length, 1);
  const other = await stage(t, { token: "one", known: "other" });
  const denied = await other.type("pause");
  assert.equal(denied.exit, 4);
  assert.match(denied.err, /^this run has a token: set DRAYAGE_NODE_TOKEN/);
  assert.equal((await other.type("status")).exit, 0);
  assert.deepEqual(other.obeyed, []);
});

test("a proof is good for one order, and for that order only", async (t) => {
  const { url, obeyed } = await stage(t, { token: "one" });
  const { nonce } = (await (await fetch(`${url}/control`)).json()) as { nonce: string };
  const proof = orderProof("one", { nonce, order: { order: "pause" } });
  const send = async (order: string): Promise<number> => {
    const body = JSON.stringify({ order, nonce, proof });
    const headers = { "content-type": "application/json" };
    return (await fetch(`${url}/control`, { method: "POST", headers, body })).status;
  };
  assert.equal(await send("stop"), 401);
  assert.equal(await send("pause"), 401, "the first attempt used the nonce up");
  assert.deepEqual(obeyed, []);
});

test("a page in a browser cannot give orders: neither in a form, nor under another name", async (t) => {
  const { url, obeyed } = await stage(t);
  const body = JSON.stringify({ order: "stop" });
  const form = await fetch(`${url}/control`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body,
  });
  assert.equal(form.status, 415);
  const renamed = await new Promise<number | undefined>((resolve) => {
    const headers = { "content-type": "application/json", host: "elsewhere.example" };
    const asked = request(`${url}/control`, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.end(body);
  });
  assert.equal(renamed, 403);
  assert.deepEqual(obeyed, []);
});

for (const { name, body, status: code } of [
  { name: "no JSON", body: "pause", status: 400 },
  { name: "an unknown order", body: '{"order":"fly"}', status: 400 },
  { name: "a speed without a factor", body: '{"order":"speed"}', status: 400 },
  { name: "a speed that is no number", body: '{"order":"speed","factor":"2"}', status: 400 },
  { name: "far too much", body: `{"order":"pause","x":"${"x".repeat(10_000)}"}`, status: 400 },
]) {
  test(`the endpoint refuses ${name}`, async (t) => {
    const { url, obeyed } = await stage(t);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/control`, { method: "POST", headers, body });
    assert.equal(answer.status, code);
    assert.deepEqual(obeyed, []);
  });
}

test("where no run listens, and where something else does, ctl says so", async (t) => {
  const nobody = await drayage(["ctl", "status", "--url", "http://127.0.0.1:1"], { verbs });
  assert.equal(nobody.exit, 4);
  assert.match(nobody.err, /^no run at http:\/\/127\.0\.0\.1:1 .*--ctl 127\.0\.0\.1:8080/);
  const server = createServer((_, response) => response.end("hello"));
  t.after(() => server.close());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const other = await drayage(["ctl", "pause", "--url", url], { verbs });
  assert.equal(other.exit, 4);
  assert.match(other.err, /is no run of drayage/);
  const none = await drayage(["ctl", "pause", "--url", "here"], { verbs });
  assert.equal(none.exit, 2);
  assert.match(none.err, /^--url wants a URL/);
});

test("the port of a run has its metrics, in the form that is asked for", async (t) => {
  const { url } = await stage(t);
  const classic = await fetch(`${url}/metrics`);
  assert.match(await classic.text(), /^drayage_in_flight 3$/m);
  const accept = "application/openmetrics-text";
  const open = await fetch(`${url}/metrics`, { headers: { accept } });
  assert.ok(open.headers.get("content-type")?.startsWith(accept));
  assert.match(await open.text(), /# EOF\n$/);
});

test("a status that cannot be told is a 500 with a sentence, and the port goes on", async (t) => {
  let isBroken = true;
  const told = (): RunStatus => {
    if (isBroken) throw new Error("broken");
    return status;
  };
  const run = { status: told, metrics: () => [], obey: () => ({ error: "" }) };
  const { endpoint, port } = await listening(run, "");
  t.after(() => endpoint.close());
  const first = await fetch(`http://127.0.0.1:${port}/status`);
  assert.equal(first.status, 500);
  assert.deepEqual(await first.json(), { error: "the run cannot tell: broken" });
  isBroken = false;
  const second = await fetch(`http://127.0.0.1:${port}/status`);
  assert.deepEqual(await second.json(), status);
});

test("a port that is taken is told, and the run goes on", async () => {
  const run = { status: () => status, metrics: () => [], obey: () => ({ error: "" }) };
  const first = await listening(run, "");
  const said: string[] = [];
  const address = { host: "127.0.0.1", port: first.port, token: "" };
  const second = new RunEndpoint(run, address, (line) => said.push(line));
  await second.port.catch(() => {});
  assert.match(said.join(), /^drayage ctl does not reach this run: cannot listen on 127\.0\.0\.1:/);
  first.endpoint.close();
  second.close();
});

test("--ctl: a port that is taken ends the command before it begins", async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const taken = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { exit, err } = await drayage(["load", "127.0.0.1:1", "--ctl", taken, "--quiet"], {
    verbs,
  });
  assert.equal(exit, 2);
  assert.ok(err.startsWith(`--ctl: cannot listen on ${taken}: `), err);
  const free = await freeCtlAddress({ ctl: "127.0.0.1:0" }, {});
  assert.deepEqual(free, { host: "127.0.0.1", port: 0, token: "" });
  assert.equal(await freeCtlAddress({ ctl: undefined }, {}), undefined);
});

test("--ctl: an address, with a token where others can reach it", () => {
  const local = ctlAddress({ ctl: ":9000" }, {});
  assert.deepEqual(local, { host: "127.0.0.1", port: 9000, token: "" });
  assert.equal(ctlAddress({ ctl: undefined }, {}), undefined);
  const port = ctlAddress({ ctl: undefined }, { DRAYAGE_NODE_TOKEN: "one" }, 8080);
  assert.deepEqual(port, { host: "127.0.0.1", port: 8080, token: "one" });
  assert.equal(ctlAddress({ ctl: "0.0.0.0:1" }, { DRAYAGE_NODE_TOKEN: "one" })?.host, "0.0.0.0");
  assert.throws(() => ctlAddress({ ctl: "0.0.0.0:1" }, {}), /set DRAYAGE_NODE_TOKEN to a secret/);
  assert.throws(() => ctlAddress({ ctl: "nonsense" }, {}), UsageError);
});
