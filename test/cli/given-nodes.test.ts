// The nodes of a load and of a ramp: flags over the section of their file, and what both cannot say together. Nothing is sent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wantedNodes } from "../../src/cli/cluster/given-nodes.ts";
import { patienceOf } from "../../src/cli/cluster/run-patience.ts";
import { spreadRun } from "../../src/cli/cluster/spread-replay.ts";
import { verbs } from "../../src/cli/commands.ts";
import { camelKeys } from "../../src/cli/config/camel-keys.ts";
import { machineDefaults, natsDefaults } from "../../src/cli/config/cluster-defaults.ts";
import { machinesMapping } from "../../src/cli/config/cluster-schema.ts";
import { natsMapping } from "../../src/cli/config/nats-schema.ts";
import { redactedArguments } from "../../src/cli/config/redacted-arguments.ts";
import { flagFile } from "../../src/cli/flag-file.ts";
import { load } from "../../src/cli/load.ts";
import { flagFilePath, parseArguments } from "../../src/cli/parser.ts";
import { blockOf } from "../../src/cli/pull/pull-block.ts";
import { shownGiven } from "../../src/cli/pull/pull-options.ts";
import { pullSettings } from "../../src/cli/pull/pull-settings.ts";
import { pull } from "../../src/cli/pull.ts";
import { UsageError } from "../../src/core/errors.ts";
import { seconds } from "../../src/core/units.ts";
import { optionsOf } from "../../src/library/plan.ts";
import { configurationBlock } from "../../src/pull/configuration-block.ts";
import { load as configured, fileWith } from "./config-file.ts";
import { drayage } from "./fake-terminal.ts";

async function parsed(given: readonly string[]) {
  const args = ["localhost:1", ...given];
  const path = flagFilePath(load, { args, env: {} });
  const readFlags = path === undefined ? undefined : await flagFile(path, load);
  return parseArguments(load, { args, env: {}, readFlags }).options;
}

test("nodes whose patience is short get signs of life within it", () => {
  const beat = (lostAfter: number): number =>
    patienceOf({ heartbeat: seconds(2), lostAfter: seconds(lostAfter) }).heartbeatMs;
  assert.deepEqual([beat(15), beat(3)], [2000, 600]);
});

const group = ["--nats", "nats://a:1", "--group", "g", "--expect", "2"];
const ramp = ["pull", "--pullthrough-url=localhost:1", "--registry-url=localhost:1"];
const hush = "hush-hush";
const refusals: readonly { readonly flags: readonly string[]; readonly says: RegExp }[] = [
  { flags: [...group, "--nodes", "local"], says: /^--nodes lists .* leave one of them out$/ },
  { flags: ["--group", "g"], says: /^--group goes with --nats URLS$/ },
  { flags: ["--expect", "2", "--nodes", "local"], says: /^--expect goes with --nats URLS$/ },
  { flags: group.slice(0, 4), says: /^--nats wants --expect N as well/ },
  { flags: [...group.slice(0, 2), "--expect=2"], says: /^--nats wants --group NAME as well/ },
  { flags: ["--nats", `http://u:${hush}@a`], says: /^--nats wants nats:\/\/HOST:PORT or tls:/ },
  { flags: ["--nats", `nats://%${hush}@a`], says: /^--nats: write a % in .* as %25/ },
  { flags: ["--group", "a.b"], says: /^--group wants letters, digits, - and _, 48 at most/ },
  { flags: [...group, "--node-ca", "f"], says: /^--node-ca goes with --nodes; .*--nats-ca FILE$/ },
  { flags: [...group, "--nats-cert", "f"], says: /^--nats-cert and --nats-key go together/ },
  { flags: [...group, "--min", "3"], says: /^--min 3 is more than the nodes that take part: 2$/ },
  { flags: ["--lost-after", "1s"], says: /^--lost-after goes with --nodes .* or --nats URLS$/ },
  { flags: ["--nodes", "localhost:99999"], says: /^--nodes wants HOST:PORT,HOST:PORT or local/ },
  { flags: ["--nodes", "a:1,local,local,a:1"], says: /^--nodes lists a:1 twice/ },
  {
    flags: ["--nats", `nats://${hush}@a:1`, ...group.slice(2), "--creds", "f"],
    says: /^one of --nkey, --creds and credentials in --nats is enough$/,
  },
];

for (const { flags, says } of refusals)
  test(`nodes that cannot be meant, ${flags.join(" ")}: load and pull refuse them in the same line`, async () => {
    for (const verb of [
      ["load", "localhost:1"],
      [...ramp, "--patterns=a"],
    ]) {
      const { exit, err } = await drayage([...verb, ...flags], { verbs });
      const [line = "", ...more] = err.trimEnd().split("\n");
      assert.equal(exit, 2);
      assert.match(line.replace(/^Error: /, "").replace(/ \(see: .*\)$/, ""), says);
      assert.deepEqual(more, []);
      assert.ok(!err.includes(hush));
    }
  });

for (const { flags, says } of [
  { flags: [], says: /--resume goes with --nats URLS, --group and --expect: only message servers/ },
  { flags: ["--nodes=local"], says: /--resume goes with --nats URLS/ },
  { flags: [...group, "--cold"], says: /--resume is for ramps alone: begin what has --cold anew/ },
  { flags: [...group, "--herd=3"], says: /begin what has --herd anew, without --resume/ },
])
  test(`a ramp that nobody can carry on, ${flags.join(" ")}, is refused before anybody is asked`, async () => {
    const words = [...ramp, "--patterns=a", "--resume=4c9f", ...flags];
    const { exit, err } = await drayage(words, { verbs });
    assert.equal(exit, 2);
    assert.match(err, says);
  });

for (const flag of ["--workers=2", "--pacing=precise"])
  test(`nodes of a load choose their own threads: ${flag} is refused with them`, async () => {
    const { exit, err } = await drayage(["load", "localhost:1", flag, ...group], { verbs });
    assert.equal(exit, 2);
    assert.match(err, /^--(workers|pacing) is of this machine, and nodes choose their own/);
  });

test("nodes of a file: the section of a configuration, flags come first, and no secret shows", async () => {
  const file = fileWith(`
rate: 10/s
cluster:
  nats: { servers: [nats://one:1, nats://two:2], credentials: { user: me, password: ${hush} }, tls: { ca: ca.pem } }
  group: filed
  expect: 3
  min: 2
  lost_after: 4s
`);
  const filed = wantedNodes(await parsed(["-i", file]));
  const { nats, group: name, expect, min, lostAfter, heartbeat } = filed?.cluster ?? {};
  assert.deepEqual(
    [nats?.servers, nats?.credentials?.user, nats?.credentials?.password?.expose(), nats?.tls?.ca],
    [["nats://one:1", "nats://two:2"], "me", hush, "ca.pem"],
  );
  assert.deepEqual([name, expect, min, lostAfter, heartbeat], ["filed", 3, 2, 4, 2]);
  assert.ok(!JSON.stringify(filed).includes(hush));
  const typed = [
    "--nats",
    "nats://other",
    "--group",
    "typed",
    "--expect",
    "5",
    "--lost-after",
    "1s",
  ];
  const over = wantedNodes(await parsed(["-i", file, ...typed]))?.cluster;
  assert.deepEqual(
    [over?.nats?.servers, over?.nats?.credentials?.password?.expose(), over?.group, over?.expect],
    [["nats://other"], hush, "typed", 5],
  );
  assert.deepEqual([over?.lostAfter, over?.heartbeat], [1, 0.2]);
  const alone = wantedNodes(await parsed(["-i", file, "--nats", "nats://%3Dtoken@other"]))?.cluster;
  assert.equal(alone?.nats?.credentials?.token?.expose(), "=token");
  assert.equal(alone?.nats?.credentials?.password, undefined);
});

for (const { text, says } of [
  { text: "nats: {server: a}", says: /:2:19: unknown key "cluster.nats.server"; did you mean/ },
  { text: "split: local", says: /:2:12: unknown key "cluster.split"/ },
  {
    text: `nats: {credentials: {token: [${hush}]}}`,
    says: /:2:40: cluster.nats.credentials.token/,
  },
  { text: "lost_after: 50ms", says: /:2:24: cluster.lost_after: expected .*, at least 0\.1 s/ },
  { text: "group: g", says: /^cluster.group goes with cluster.nats, or --nats URLS$/m },
])
  test(`nodes of a file: { ${text.replace(hush, "…")} } is refused at its place`, async () => {
    const file = fileWith(`url: localhost:1\ncluster: { ${text} }\n`);
    const { exit, err } = await drayage(["load", "-i", file], { verbs });
    assert.equal(exit, 2);
    assert.match(err, says);
    assert.equal(err.trimEnd().split("\n").length, 1);
    assert.ok(!err.includes(hush));
  });

test("nodes of a program: the section as an object, checked like that of a file", async () => {
  const cluster = { nats: { servers: "nats://one:1" }, group: "g", expect: 2 };
  const wanted = wantedNodes(await optionsOf(load, { cluster }));
  assert.deepEqual([wanted?.cluster.group, wanted?.cluster.nats?.servers], ["g", ["nats://one:1"]]);
  await assert.rejects(
    optionsOf(load, { cluster: { ...cluster, expect: "two" } }),
    /^UsageError: cluster.expect: expected a whole number from 1 to 1000, found "two"$/,
  );
});

test("what a ramp shows and keeps of its options has no credentials of message servers", async () => {
  const file = fileWith(`cluster: { nats: { credentials: { token: ${hush} } } }\n`);
  const args = ["-i", file, "--nats", `nats://${hush}@one:1`, ...group.slice(2), ...ramp.slice(1)];
  const readFlags = await flagFile(file, pull);
  const given = parseArguments(pull, { args, env: {}, readFlags }).options;
  const settings = pullSettings({ ...given, pattern: ["a"] }, "");
  const block = configurationBlock(blockOf(given, settings));
  assert.match(block, /Nats: +nats:\/\/\[redacted\]@one:1/);
  assert.ok(!`${block}${JSON.stringify(shownGiven(given))}`.includes(hush));
});

test("what files keep of the command line has no credentials of message servers", () => {
  const url = `nats://me:${hush}@one:1,tls://two`;
  const kept = "nats://[redacted]@one:1,tls://two";
  assert.deepEqual(redactedArguments(["load", "--nats", url, "--group", "g"]), [
    ...["load", "--nats", kept, "--group", "g"],
  ]);
  assert.deepEqual(redactedArguments([`--nats=${hush}@one`]), ["--nats=[redacted]@one"]);
});

test("nodes of split: local read no archive: refused before anybody is asked for", async () => {
  const config = configured(
    "trace: {traces: [t.json]}\nregistry: [localhost:1]\nwarmup: {output: m}\n" +
      "client_info: {client_list: [a:1]}\ncluster: {split: local}\n",
  );
  const flags = { dryRun: false, isRecording: true, runId: "a1", local: undefined };
  const surroundings = { ca: undefined, env: {}, say: () => undefined };
  await assert.rejects(spreadRun(config, flags, surroundings), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /an archive is read by the master: write split: stream, or /);
    return true;
  });
});

test("what holds without a file is what the tables of the section preset", () => {
  assert.deepEqual(camelKeys(machinesMapping().parse({})), machineDefaults);
  assert.deepEqual(camelKeys(natsMapping().parse({})), natsDefaults);
});
