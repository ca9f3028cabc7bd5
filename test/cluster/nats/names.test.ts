// What is typed and what comes over the wire before a conversation: addresses, groups, knocks, and a line of arguments.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { addressProblem, natsAddresses } from "../../../src/cli/cluster/nats-address.ts";
import {
  loadArguments,
  rampArguments,
  resumeArguments,
  resumedElsewhere,
} from "../../../src/cli/cluster/resume-arguments.ts";
import { redactedArguments } from "../../../src/cli/config/redacted-arguments.ts";
import { pullArguments } from "../../../src/cli/pull/pull-arguments.ts";
import { GivenOperations } from "../../../src/cluster/master/given-operations.ts";
import { decodeAnswer, decodeKnock, encodeKnock } from "../../../src/cluster/nats/knock.ts";
import { isToken, Names } from "../../../src/cluster/nats/names.ts";

const PLAIN = { noNullPrototype: true } as const;

test("addresses: credentials of the first are those of all, and never part of a server", () => {
  for (const [text, servers, credentials] of [
    ["nats://a:4222", ["nats://a:4222"], undefined],
    ["a:4222,b", ["nats://a:4222", "nats://b"], undefined],
    ["tls://tok@a:1, tls://tok@b:2", ["tls://a:1", "tls://b:2"], { kind: "token", token: "tok" }],
    ["nats://u:p%40w@a", ["nats://a"], { kind: "user", user: "u", password: "p@w" }],
    ["nats://[::1]:4222", ["nats://[::1]:4222"], undefined],
  ] as const)
    assert.deepEqual(natsAddresses(text, "--nats"), { servers, credentials });
  for (const text of ["", "http://a", "nats://", "nats://a/b", "a,,b"])
    assert.throws(() => natsAddresses(text, "--nats"), /--nats wants nats:\/\/HOST:PORT/);
  assert.equal(addressProblem("tls://a:4222"), undefined);
  assert.match(addressProblem("nats://u:p@a") ?? "", /cluster\.nats\.credentials/);
  assert.match(addressProblem("ftp://a") ?? "", /expected nats:/);
});

test("everything of a group stands below its prefix, and no name can leave it", () => {
  const names = new Names("g");
  for (const subject of [names.node("n"), names.talk("c", "node", 1), names.work("r", "c", "*")])
    assert.ok(subject.startsWith("drayage.g."));
  for (const name of ["", "a.b", "*", ">", "a b", "ä", "x".repeat(49)])
    assert.equal(isToken(name), false);
  assert.ok(isToken("load-1_B"));
});

test("a knock and its answer survive the wire, and nothing else is taken for one", () => {
  const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,48}$/);
  const knock = fc.record(
    {
      conversation: token,
      run: token,
      name: fc.string(),
      encrypted: fc.boolean(),
      localServer: fc.option(fc.string()),
      silentMs: fc.option(fc.nat()),
      term: fc.option(fc.nat()),
    },
    PLAIN,
  );
  fc.assert(
    fc.property(knock, (asked) => {
      assert.deepEqual(decodeKnock(Buffer.from(encodeKnock(asked))), asked);
      assert.equal(decodeAnswer(Buffer.from(encodeKnock(asked))), undefined);
    }),
  );
  const answer = fc.oneof(
    fc.record(
      {
        opened: fc.constant(true as const),
        isPrivate: fc.boolean(),
        heard: fc.nat(),
        said: fc.nat(),
      },
      PLAIN,
    ),
    fc.record({ opened: fc.constant(false as const), sentence: fc.string() }, PLAIN),
  );
  fc.assert(
    fc.property(answer, (given) => {
      assert.deepEqual(decodeAnswer(Buffer.from(encodeKnock(given))), given);
      assert.equal(decodeKnock(Buffer.from(encodeKnock(given))), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (noise) => {
      assert.equal(decodeKnock(noise), undefined);
      assert.equal(decodeAnswer(noise), undefined);
    }),
  );
  const odd = { conversation: "a.b", run: "r", name: "", encrypted: true, localServer: null };
  assert.equal(
    decodeKnock(Buffer.from(JSON.stringify({ ...odd, silentMs: null, term: 1 }))),
    undefined,
  );
});

test("operations that were given are known by their numbers", () => {
  // Those of pushes that belong to no URI are the last ones that there are, and negative where a ring has them.
  const seq = fc.oneof(fc.nat(2 ** 21), fc.integer({ min: 2 ** 32 - 16, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(fc.uniqueArray(seq), fc.array(seq), (given, asked) => {
      const operations = new GivenOperations();
      for (const seq of given) operations.add(seq);
      const known = new Set(given);
      for (const seq of [...given, ...asked]) {
        assert.equal(operations.has(seq), known.has(seq));
        assert.equal(operations.has(seq | 0), known.has(seq));
      }
    }),
  );
});

test("--resume with a run directory is the command line of the killed master, and with an id what was typed", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-resume-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const record = (words: readonly string[], verb = "run"): void =>
    writeFileSync(
      join(folder, "run.json"),
      JSON.stringify({ verb, arguments: words, plan: { runId: "4c9f" }, seed: "7" }),
    );
  for (const [words, typed, becomes] of [
    [
      ["master", "-c", "run", "-i", "c.yaml", "--out", "old"],
      ["--resume", folder],
      ["-c", "run", "-i", "c.yaml", "--resume=4c9f"],
    ],
    [
      ["run", "--nodes", "-i", "c.yaml", "--out=old"],
      [`--resume=${folder}`, "--json"],
      ["-c", "run", "-i", "c.yaml", "--json", "--resume=4c9f"],
    ],
    [
      ["master", "--resume=0a0a", "-i", "c.yaml"],
      ["--resume", folder],
      ["-c", "run", "-i", "c.yaml", "--resume=4c9f"],
    ],
    [
      ["master", "-c", "run", "-i", "c.yaml", "--ctl", ":1", "--set", "a=1", "--json"],
      ["--resume", folder, "--ctl=:2", "--set", "b=2"],
      [
        "-c",
        "run",
        "-i",
        "c.yaml",
        "--set",
        "a=1",
        "--json",
        "--ctl=:2",
        "--set",
        "b=2",
        "--resume=4c9f",
      ],
    ],
  ] as const) {
    record(words);
    assert.deepEqual(resumeArguments(typed), becomes);
  }
  record(["warmup", "--nodes", "-i", "c.yaml", "--restart"], "warmup");
  const warmup = ["-c", "warmup", "-i", "c.yaml", "--resume=4c9f"];
  assert.deepEqual(resumeArguments(["--resume", folder]), warmup);
  const id = ["--resume", "4c9f", "-i", "c.yaml"];
  assert.deepEqual(resumeArguments(id), ["-c", "run", "-i", "c.yaml", "--resume=4c9f"]);
  assert.deepEqual(resumeArguments(["-c", "warmup"]), ["-c", "warmup"]);
  record(["master", "-c", "run", "--set", "cluster.nats.credentials.token=[redacted]"]);
  assert.throws(() => resumeArguments(["--resume", folder]), /the command line had a secret/);
  assert.throws(
    () => resumeArguments(["--resume", dirname(folder)]),
    /run\.json is not there: the run had not begun/,
  );
  record(["pull"], "pull");
  assert.throws(
    () => resumeArguments(["--resume", folder]),
    /of no run that can be resumed: .*type this one again/,
  );
  assert.deepEqual(resumedElsewhere(["--resume", folder]), ["pull", "--resume", folder]);
  const ramp = ["--pullthrough-url=a:1", "--pattern=b", "--pattern=c", "--nats=nats://a"];
  record(
    ["pull", "--pullthrough-url", "a:1", "--patterns", "b,c", "--results=r", ...ramp.slice(3)],
    "pull",
  );
  assert.deepEqual(rampArguments(["--resume", folder, "--force"], pullArguments), [
    ...[...ramp, "--seed=7", "--force", "--resume=4c9f"],
  ]);
  record(["pull", ...ramp, "--seed=8"], "pull");
  assert.deepEqual(rampArguments([`--resume=${folder}`, "--nats", "nats://b"], pullArguments), [
    ...[...ramp.slice(0, 3), "--seed=8", "--nats=nats://b", "--resume=4c9f"],
  ]);
  assert.deepEqual(rampArguments(["--patterns", "b,c"], pullArguments), ramp.slice(1, 3));
  record(["run", "-i", "c.yaml"]);
  assert.equal(resumedElsewhere(["--resume", folder]), undefined);
  const loaded = ["localhost:1", "--nats", "nats://a", "--resume=4c9f"];
  record(["load", "--out", "d", "--json", ...loaded.slice(0, 3)], "load");
  const resumed = resumedElsewhere(["--resume", folder, "--json"]);
  assert.deepEqual(resumed, ["load", "--resume", folder, "--json"]);
  assert.deepEqual(loadArguments(["--resume", folder, "--json"], new Set(["json"])), [
    ...loaded.slice(0, 3),
    ...["--json", "--resume=4c9f"],
  ]);
  assert.deepEqual(loadArguments(loaded, new Set()), loaded);
});

test("credentials of message servers are left out of what run.json keeps", () => {
  const secret = "hush";
  for (const word of [
    `cluster.nats.credentials.token=${secret}`,
    `--set=cluster.nats.credentials={user: u, password: ${secret}}`,
    `cluster.nats={credentials: {token: ${secret}}}`,
    `cluster={nats: {credentials: {token: ${secret}}}}`,
  ])
    assert.ok(!redactedArguments([word]).join().includes(secret));
  assert.deepEqual(redactedArguments(["cluster.nats.servers=nats://a"]), [
    "cluster.nats.servers=nats://a",
  ]);
});
