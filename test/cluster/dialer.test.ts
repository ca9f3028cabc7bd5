// What a master says of addresses where no node is.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { NodeDialer } from "../../src/cluster/direct/node-dialer.ts";
import { drayage } from "../cli/fake-terminal.ts";

test("a web server is no node, and is told apart from nobody", async (t) => {
  const server = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const nodes = [`127.0.0.1:${port}`, "127.0.0.1:1"];
  const dialer = new NodeDialer({ nodes, token: "", waitMs: 0, silentMs: 1000 });
  t.after(() => dialer.close());
  const { links, missing } = await dialer.find();
  assert.deepEqual(links, []);
  assert.deepEqual(
    missing.map(({ name, absent }) => [name, absent]),
    [
      [nodes[0], false],
      [nodes[1], true],
    ],
  );
  assert.match(missing[0]?.sentence ?? "", /^what listens there is no drayage client/);
  assert.match(missing[1]?.sentence ?? "", /^nobody listens there; start it/);
});

const pull = ["pull", "--pullthrough-url=a:1", "--registry-url=a:1", "--patterns=x"];
for (const { words, says } of [
  { words: [...pull, "--nodes=nonsense"], says: /^--nodes wants HOST:PORT.*not "nonsense"/ },
  { words: ["load", "a:1", "--nodes", "x:1,,"], says: /^--nodes wants HOST:PORT.*not ""/ },
  {
    words: ["load", "a:1", "--nodes", "x:1", "--lost-after", "1ms"],
    says: /^--lost-after wants a time of at least 0\.1 s, not "1ms"/,
  },
  { words: [...pull, "--node-ca=ca.pem"], says: /--node-ca goes with --nodes/ },
  {
    words: [...pull, "--nodes=x:1", "--save=there"],
    says: /--save writes on the machine that pulls/,
  },
]) {
  test(`${words.join(" ")} is refused before anybody is asked`, async () => {
    const said = await drayage(words, { verbs });
    assert.equal(said.exit, 2);
    assert.match(said.err.replace(/^Error: /, ""), says);
  });
}
