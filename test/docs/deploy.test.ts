// What deploy/ holds, as far as it can be tried without the machines that it is for.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { client } from "../../src/cli/client.ts";
import { parseArguments } from "../../src/cli/parser.ts";

const deploy = fileURLToPath(new URL("../../deploy", import.meta.url));
const kubernetes = join(deploy, "kubernetes");
const tmp = mkdtempSync(join(tmpdir(), "drayage-deploy-"));
after(() => rmSync(tmp, { recursive: true }));

const missing = (program: string): boolean =>
  spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined;

test("the unit of a node is one that systemd takes", (t) => {
  if (missing("systemd-analyze")) return t.skip("needs systemd-analyze: apt-get install systemd");
  const unit = join(tmp, "drayage-client.service");
  const written = readFileSync(join(deploy, "drayage-client.service"), "utf8");
  assert.match(written, /^ExecStart=\/usr\/bin\/drayage client$/m);
  // The program must be there for systemd to be content.
  writeFileSync(unit, written.replace("/usr/bin/drayage", process.execPath));
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], {
    encoding: "utf8",
  });
  // It reads the units of this machine as well, and may have something to say about those.
  const ours = stderr.split("\n").filter((line) => line.includes("drayage"));
  assert.deepEqual([status, ours], [0, []]);
});

/** What a file of variables says, in systemd's form. */
const variablesOf = (text: string): NodeJS.ProcessEnv =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes("=") && !line.startsWith("# N"))
      .map((line) => line.replace(/^# /, "").split(/=(.*)/s).slice(0, 2)),
  );

const example = readFileSync(join(deploy, "client.env.example"), "utf8");
const manifest = (file: string): unknown[] =>
  parseAllDocuments(readFileSync(join(kubernetes, file), "utf8")).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });

type Container = {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
};
type Workload = {
  readonly kind: string;
  readonly spec: { readonly template: { readonly spec: { readonly containers: Container[] } } };
};

const [nodes] = manifest("nodes.yaml") as [Workload];
const [node] = nodes.spec.template.spec.containers as [Container];
const [direct, grouped] = [/^DRAYAGE_(IP|PORT)=.*$/gm, /^# DRAYAGE_(NATS|GROUP)=.*$/gm].map(
  (lines) => variablesOf((example.match(lines) ?? []).join("\n")),
) as [NodeJS.ProcessEnv, NodeJS.ProcessEnv];
const inPod: NodeJS.ProcessEnv = Object.fromEntries(
  node.env.map(({ name, value = "a-name" }) => [name, value.replaceAll("$(NATS_TOKEN)", "t0ken")]),
);

for (const { name, env, expected } of [
  { name: "of the example, for a port", env: direct, expected: { ip: "0.0.0.0", port: 8081 } },
  { name: "of the example, for a group", env: grouped, expected: { group: "load" } },
  { name: "of the manifest", env: inPod, expected: { group: "load", name: "a-name" } },
]) {
  test(`variables ${name} are flags of drayage client`, () => {
    const { options } = parseArguments(client, { args: [], env });
    for (const [flag, value] of Object.entries(expected))
      assert.equal((options as Record<string, unknown>)[flag], value);
    const known = ["NATS_TOKEN", ...Object.keys(client.options).map(variableOf)];
    for (const variable of Object.keys(env)) assert.ok(known.includes(variable), variable);
  });
}

const variableOf = (flag: string): string => `DRAYAGE_${flag.replaceAll("-", "_").toUpperCase()}`;

test("the manifests name their kinds, and what they start is a verb", () => {
  const kinds = readdirSync(kubernetes)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => manifest(file) as Workload[]);
  for (const { kind } of kinds) assert.equal(typeof kind, "string");
  assert.deepEqual(node.args, ["client"]);
  const [job] = manifest("master.yaml") as [Workload];
  assert.deepEqual(job.spec.template.spec.containers[0]?.args.slice(0, 3), ["master", "-c", "run"]);
});

test("kubectl puts the manifests together", (t) => {
  if (missing("kubectl")) return t.skip("needs kubectl: apt-get install kubernetes-client");
  const text = execFileSync("kubectl", ["kustomize", kubernetes], { encoding: "utf8" });
  const kinds = text.split("\n---\n").map((document) => (parse(document) as Workload).kind);
  assert.deepEqual(kinds.sort(), [
    "ConfigMap",
    "Deployment",
    "PodDisruptionBudget",
    "Service",
    "StatefulSet",
  ]);
});

test("nats-server takes the configuration of the three servers", (t) => {
  if (missing("nats-server")) return t.skip("needs nats-server: apt-get install nats-server");
  const config = join(kubernetes, "nats.conf");
  assert.ok(existsSync(config));
  const { status, stderr } = spawnSync("nats-server", ["-t", "-c", config], {
    encoding: "utf8",
    env: { ...process.env, POD_NAME: "nats-0", NATS_TOKEN: "t0ken" },
  });
  assert.equal(status, 0, stderr);
});
