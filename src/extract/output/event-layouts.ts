import type { TraceVersion } from "../trace-plan.ts";
import type { Column, TableLayout } from "./table-layout.ts";

const moment: readonly Column[] = [
  { name: "INSTANCE_UUID", kind: "masked" },
  { name: "EVENT", kind: "text" },
  { name: "START_TIME", kind: "time" },
  { name: "START_SEC", kind: "seconds", of: "START_TIME" },
  { name: "FINISH_TIME", kind: "time" },
  { name: "FINISH_SEC", kind: "seconds", of: "FINISH_TIME" },
  { name: "EVENT_DURATION", kind: "seconds", of: "FINISH_TIME", since: "START_TIME" },
  { name: "RESULT", kind: "text" },
];
const owner: readonly Column[] = [
  { name: "INSTANCE_NAME", kind: "masked" },
  { name: "USER_ID", kind: "masked" },
  { name: "PROJECT_ID", kind: "masked" },
  { name: "HOST_NAME (PHYSICAL)", kind: "masked" },
];
const sizes: readonly Column[] = [
  { name: "MEMORY_MB", kind: "integer" },
  { name: "DISK_GB", kind: "integer" },
  { name: "VCPUS", kind: "integer" },
];

const sizeNames = sizes.map(({ name }) => name);

const identifiersOf = (sizeColumns: readonly string[]): TableLayout["quasiIdentifiers"] => [
  { name: "sizes", columns: sizeColumns },
  { name: "project + sizes", columns: ["PROJECT_ID", ...sizeColumns] },
  { name: "start second + sizes", columns: ["START_SEC", ...sizeColumns] },
];

/** Columns of instance events. Source: extract.md 4.1, 4.2. */
export const instanceLayouts: Readonly<Record<TraceVersion, TableLayout>> = {
  "v0.2": {
    columns: [...moment, ...sizes, ...owner],
    quasiIdentifiers: identifiersOf(sizeNames),
  },
  "v0.3": {
    columns: [...moment, ...owner, { name: "PROPERTIES", kind: "properties" }],
    quasiIdentifiers: identifiersOf(["PROPERTIES"]),
  },
};

/** JSON lines of bare-metal instances: no properties in v0.3, but the sizes as keys of their own. Source: extract.md 4.2. */
export const bareMetalLines: TableLayout = {
  columns: [...instanceLayouts["v0.3"].columns, ...sizes],
  quasiIdentifiers: identifiersOf(sizeNames),
};

const machineMoment: readonly Column[] = [
  { name: "EVENT_TIME", kind: "time" },
  { name: "EVENT_TIME_SEC", kind: "machine-seconds", of: "EVENT_TIME" },
  { name: "HOST_NAME (PHYSICAL)", kind: "masked" },
];
const capacities: readonly Column[] = [
  { name: "VCPU_CAPACITY", kind: "integer" },
  { name: "MEMORY_CAPACITY_MB", kind: "integer" },
  { name: "DISK_CAPACITY_GB", kind: "integer" },
];

/** Columns of machine events. */
export const machineLayouts: Readonly<Record<TraceVersion, TableLayout>> = {
  "v0.2": {
    columns: [
      ...machineMoment,
      { name: "RACK", kind: "integer" },
      { name: "EVENT", kind: "text" },
      ...capacities,
    ],
    quasiIdentifiers: [{ name: "sizes", columns: capacities.map(({ name }) => name) }],
  },
  "v0.3": {
    columns: [
      ...machineMoment,
      { name: "EVENT", kind: "text" },
      { name: "PROPERTIES", kind: "properties" },
    ],
    quasiIdentifiers: [{ name: "sizes", columns: ["PROPERTIES"] }],
  },
};
