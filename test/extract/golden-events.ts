import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { timeOption } from "../../src/extract/event-time.ts";
import type { InstanceEvent, MachineEvent } from "../../src/extract/nova-event.ts";
import type { SourceReport } from "../../src/extract/row-sink.ts";
import type { TracePlan } from "../../src/extract/trace-plan.ts";

const time = (text: string): number => timeOption(text, "test");

const web = {
  uuid: "7b7d261d-2eb6-4dc2-8353-958e4f10ea59",
  memoryMb: 512,
  rootGb: 1,
  vcpus: 1,
  name: "web-1",
  user: "u-alice",
  project: "p-one",
  host: "c01-05",
  instanceId: 1,
  statement: 1,
};

/** The instance events of the reference database, in the order of its reference traces. */
export const goldenInstances: readonly InstanceEvent[] = [
  {
    ...web,
    event: "compute_stop_instance",
    start: time("2015-09-16T12:00:00"),
    finish: time("2015-09-16T12:00:01"),
    result: null,
    created: time("2015-09-16T12:00:00"),
    actionId: 3,
    eventId: 4,
  },
  {
    ...web,
    event: "compute__do_build_and_run_instance",
    start: time("2015-09-17T18:24:56"),
    finish: time("2015-09-17T18:25:06"),
    result: "Success",
    created: time("2015-09-17T18:24:55"),
    actionId: 1,
    eventId: 1,
  },
  {
    instanceId: 2,
    statement: 1,
    uuid: "a5846387-2fc7-40b9-9d44-17328f84f9ec",
    memoryMb: 4096,
    rootGb: 40,
    vcpus: 2,
    name: "db,1",
    user: "u-bob",
    project: "p-one",
    host: null,
    event: "compute__do_build_and_run_instance",
    start: time("2015-09-18T00:00:02"),
    finish: time("2015-09-18T00:00:03"),
    result: "Error",
    created: time("2015-09-18T00:00:01"),
    actionId: 2,
    eventId: 2,
  },
  {
    ...web,
    event: "compute_terminate_instance",
    start: null,
    finish: time("2018-11-07T00:00:09"),
    result: "Success",
    created: time("2018-11-07T00:00:08"),
    actionId: 6,
    eventId: 6,
  },
];

const content = (rack: string, vcpus: number, memoryMb: number, localGb: number) => ({
  rack,
  vcpus,
  memoryMb,
  localGb,
});
const large = content("c03", 48, 128_536, 156_336);
const small = content("c03", 40, 64_156, 29_689);
const c03 = "c03-11.chameleon.tacc.utexas.edu";

/** Some machine events of the reference dumps; the rack regex found c01 and c03, and nothing for the host `weird`. */
export const goldenMachines: readonly MachineEvent[] = [
  { time: time("2015-09-10T00:00:00"), host: c03, event: "CREATE", content: large },
  { time: time("2017-04-26T04:00:00"), host: c03, event: "UPDATE", content: small },
  { time: time("2017-04-26T05:00:00"), host: c03, event: "DELETE", content: small },
  { time: time("2017-04-26T04:04:53"), host: c03, event: "DISABLE", content: small },
];
export const goldenRacks: readonly string[] = ["c03", "c01", "UNKNOWN", "c01"];

export const testSource: SourceReport = {
  kind: "nova-database",
  facts: { server: "test" },
  times: { "first mtime": "2015-11-06T00:00:00" },
  rowsRead: 4,
  dropped: {},
  warnings: [],
  partial: false,
};

/** A folder that is gone after the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "drayage-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function tracePlan(output: string, changes: Partial<TracePlan> = {}): TracePlan {
  return {
    output,
    standardOutput: process.stdout,
    version: "v0.2",
    format: "csv",
    quoting: "minimal",
    sort: "created",
    epoch: time("2015-09-17T00:00:00"),
    masking: { method: "none" },
    uuidShape: false,
    time: { base: "absolute", shift: { kind: "none" }, roundMs: 0 },
    memoryBytes: 16 << 20,
    allowLeaks: [],
    minK: 0,
    report: undefined,
    keepPartial: false,
    verify: undefined,
    commandLine: ["drayage"],
    toolVersion: "0",
    notice: () => undefined,
    ...changes,
  };
}
