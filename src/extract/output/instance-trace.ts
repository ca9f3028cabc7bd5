import { DistinctValues } from "../masking/distinct-values.ts";
import type { ScannedColumn } from "../masking/leak-scan.ts";
import type { MaskClass } from "../masking/mask-policy.ts";
import { columnMask } from "../masking/masker.ts";
import { shortDigits } from "../masking/pseudonym.ts";
import type { InstanceEvent } from "../nova-event.ts";
import type { RowSink } from "../row-sink.ts";
import type { SortOrder, TracePlan } from "../trace-plan.ts";
import { bareMetalLines, instanceLayouts } from "./event-layouts.ts";
import { eventWords } from "./event-words.ts";
import { HostJoin } from "./host-join.ts";
import type { FieldFate } from "./manifest.ts";
import { type Owner, OwnerMemory } from "./owner-memory.ts";
import type { Cell, Column, SortKey } from "./table-layout.ts";
import { TableTrace } from "./table-trace.ts";

const classes: Readonly<Record<string, MaskClass>> = {
  INSTANCE_UUID: "uuid",
  INSTANCE_NAME: "name",
  USER_ID: "user",
  PROJECT_ID: "project",
  "HOST_NAME (PHYSICAL)": "host",
};

/** Opens a trace of instance events. Fails with a UsageError before anything is written if the place is not writable. */
export async function openInstanceTrace(plan: TracePlan): Promise<RowSink<InstanceEvent>> {
  const distinct = new DistinctValues(plan.memoryBytes / 4);
  const join =
    plan.joinWith === undefined ? undefined : await HostJoin.with(plan.joinWith, "instances");
  const layout = withSizeKeys(plan) ? bareMetalLines : instanceLayouts[plan.version];
  return new TableTrace(plan, {
    distinct,
    kind: {
      name: "nova-instance-events",
      layout,
      fill: instanceCells(plan, { distinct, join }),
      join,
      sorts: plan.sort !== "none",
      scanned: layout.columns.map(scannedColumn),
      fields: fieldFates(layout.columns, plan),
    },
  });
}

/** What becomes of the columns of an event table, for the manifest. */
export function fieldFates(columns: readonly Column[], { masking }: TracePlan): FieldFate[] {
  return columns.map(({ name: column }) => {
    const masked = classes[column];
    if (masked === undefined || masking.method === "none") return { column, fate: "kept" };
    return { column, fate: "masked", class: masked, width: shortDigits(masking.method) };
  });
}

/** How the leak scan looks at a column: numbers and times are made by us and cannot hold a name. */
export function scannedColumn({ name, kind }: Column): ScannedColumn {
  if (kind === "masked") {
    return name === "INSTANCE_UUID"
      ? { name, scan: "pieces", uuidsOf: "uuid" }
      : { name, scan: "pieces" };
  }
  return kind === "text" ? { name, scan: "pieces", words: eventWords } : { name, scan: "none" };
}

const withSizeKeys = ({ bareMetal, format }: TracePlan): boolean =>
  bareMetal === true && format === "jsonl";

type Fill = (row: InstanceEvent, cells: Cell[], key: SortKey) => void;

function instanceCells(
  plan: TracePlan,
  { distinct, join }: { distinct: DistinctValues; join: HostJoin | undefined },
): Fill {
  const { masking, uuidShape, memoryBytes } = plan;
  const maskOf = (of: MaskClass) => columnMask(masking, { of, distinct, uuidShape, memoryBytes });
  const [uuid, name, user, project, host] = [
    maskOf("uuid"),
    maskOf("name"),
    maskOf("user"),
    maskOf("project"),
    maskOf("host"),
  ];
  const owners = new OwnerMemory(memoryBytes);
  const masked = (row: InstanceEvent): Owner => ({
    uuid: uuid(row.uuid),
    name: name(row.name),
    user: user(row.user),
    project: project(row.project),
    host: host(row.host),
  });
  const setKey = sortKey(plan.sort);
  const isFlat = plan.version === "v0.2";
  const sizeKeys = withSizeKeys(plan);
  return (row, cells, key) => {
    const of = owners.of(row, masked);
    cells[0] = of.uuid;
    cells[1] = row.event;
    cells[2] = row.start;
    cells[4] = row.finish;
    cells[7] = row.result;
    const owner = isFlat ? 11 : 8;
    cells[owner] = of.name;
    cells[owner + 1] = of.user;
    cells[owner + 2] = of.project;
    const hostName = plan.hostOfEvent === true ? host(row.host) : of.host;
    cells[owner + 3] = hostName;
    join?.note(hostName);
    if (isFlat) {
      cells[8] = row.memoryMb;
      cells[9] = row.rootGb;
      cells[10] = row.vcpus;
    } else {
      cells[12] =
        plan.bareMetal === true
          ? {}
          : { memory_mb: row.memoryMb, root_gb: row.rootGb, vcpus: row.vcpus };
      if (sizeKeys) {
        cells[13] = row.memoryMb;
        cells[14] = row.rootGb;
        cells[15] = row.vcpus;
      }
    }
    setKey(row, key);
  };
}

type SetKey = (row: InstanceEvent, key: SortKey) => void;

/** NULL comes first by creation, as the server has it, and last by start. Source: extract.md 4.6. */
function sortKey(order: SortOrder): SetKey {
  switch (order) {
    case "created":
      return (row, key) => {
        key[0] = row.created ?? Number.NEGATIVE_INFINITY;
        key[1] = row.actionId;
        key[2] = row.eventId;
      };
    case "start":
      return (row, key) => {
        key[0] = row.start ?? Number.POSITIVE_INFINITY;
        key[1] = row.actionId;
        key[2] = row.eventId;
      };
    case "id":
      return (row, key) => {
        key[0] = row.actionId;
        key[1] = row.eventId;
      };
    case "none":
      return () => undefined;
    default:
      return order satisfies never;
  }
}
