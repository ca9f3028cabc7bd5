import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MaskPolicy } from "../../../src/extract/masking/mask-policy.ts";
import { openInstanceTrace } from "../../../src/extract/output/instance-trace.ts";
import { openMachineTrace } from "../../../src/extract/output/machine-trace.ts";
import {
  goldenInstances,
  goldenMachines,
  goldenRacks,
  scratch,
  testSource,
  tracePlan,
} from "../golden-events.ts";

const key = (byte: number): MaskPolicy => ({
  method: "hmac-sha256",
  key: Buffer.alloc(32, byte),
  random: false,
});
const [first] = goldenInstances;
const rows = ["n1", "n2", "n3", null].map(
  (host, instanceId) => ({ ...first, host, instanceId }) as typeof first,
);

async function writeMachines(
  output: string,
  { masking, joinWith, said }: { masking: MaskPolicy; joinWith?: string; said?: string[] },
): Promise<void> {
  const notice = (line: string): void => void said?.push(line);
  const sink = await openMachineTrace(
    tracePlan(output, { masking, joinWith, notice }),
    goldenRacks,
  );
  for (const host of ["n1", "n3", "n9"]) {
    const [machine] = goldenMachines;
    assert.ok(machine);
    sink.write({ ...machine, host });
  }
  await sink.finish(testSource);
}

async function writeInstances(
  output: string,
  { masking, joinWith, said }: { masking: MaskPolicy; joinWith?: string; said?: string[] },
): Promise<void> {
  const notice = (line: string): void => void said?.push(line);
  const sink = await openInstanceTrace(tracePlan(output, { masking, joinWith, notice }));
  for (const row of rows) if (row !== undefined) sink.write(row);
  await sink.finish(testSource);
}

test("the share of instance hosts in a machine trace is told, and stands in the manifest", async (t) => {
  const folder = scratch(t);
  const [instances, machines] = [join(folder, "i.csv"), join(folder, "m.csv")];
  await writeMachines(machines, { masking: key(7) });
  const said: string[] = [];
  await writeInstances(instances, { masking: key(7), joinWith: machines, said });
  assert.deepEqual(said, [
    `join with ${machines}: 2 of 3 instance hosts (66.7 %) are in the machine trace`,
  ]);
  const manifest = JSON.parse(readFileSync(`${instances}.manifest.json`, "utf8"));
  assert.deepEqual(manifest.join, { instance_hosts: 3, found_in_machine_trace: 2 });
});

test("it is the same share when the machine trace is the one that is written", async (t) => {
  const folder = scratch(t);
  const [instances, machines] = [join(folder, "i.csv"), join(folder, "m.csv")];
  await writeInstances(instances, { masking: key(7) });
  const said: string[] = [];
  await writeMachines(machines, { masking: key(7), joinWith: instances, said });
  assert.match(said.join(), /: 2 of 3 instance hosts \(66\.7 %\)/);
});

test("traces under different keys have no host in common, and the notice asks why", async (t) => {
  const folder = scratch(t);
  const [instances, machines] = [join(folder, "i.csv"), join(folder, "m.csv")];
  await writeMachines(machines, { masking: key(8) });
  const said: string[] = [];
  await writeInstances(instances, { masking: key(7), joinWith: machines, said });
  assert.match(said.join(), /0 of 3 .*masked with the same key and method/);
});

for (const { name, content, error } of [
  { name: "a trace of the same kind", content: undefined, error: /is a trace of instances too/ },
  { name: "a file that is no trace", content: "a,b\n1,2\n", error: /no trace of instance or/ },
  {
    name: "a trace without a host",
    content: "EVENT_TIME,EVENT,HOST_NAME (PHYSICAL)\n",
    error: /names no host/,
  },
]) {
  test(`${name} is refused as a partner before anything is written`, async (t) => {
    const folder = scratch(t);
    const partner = join(folder, "partner.csv");
    if (content === undefined) await writeInstances(partner, { masking: key(7) });
    else writeFileSync(partner, content);
    const plan = tracePlan(join(folder, "i.csv"), { masking: key(7), joinWith: partner });
    await assert.rejects(openInstanceTrace(plan), error);
  });
}
