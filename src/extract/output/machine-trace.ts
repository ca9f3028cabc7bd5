import { DistinctValues } from "../masking/distinct-values.ts";
import { columnMask } from "../masking/masker.ts";
import { rackNumbers } from "../masking/rack-order.ts";
import type { MachineContent, MachineEvent } from "../nova-event.ts";
import type { RowSink } from "../row-sink.ts";
import type { TracePlan } from "../trace-plan.ts";
import { machineLayouts } from "./event-layouts.ts";
import { HostJoin } from "./host-join.ts";
import { fieldFates, scannedColumn } from "./instance-trace.ts";
import type { FieldFate } from "./manifest.ts";
import type { Cell, Properties } from "./table-layout.ts";
import { TableTrace } from "./table-trace.ts";

/**
 * Opens a trace of machine events, which come in their final order. `racks`: the racks of all rows that will be written, in
 * clear text and with repetitions; they are numbered from 0 in the order of code points, `null` stays without a number.
 */
export async function openMachineTrace(
  plan: TracePlan,
  racks: Iterable<string | null>,
): Promise<RowSink<MachineEvent>> {
  const distinct = new DistinctValues(plan.memoryBytes / 4);
  const join =
    plan.joinWith === undefined ? undefined : await HostJoin.with(plan.joinWith, "machines");
  const layout = machineLayouts[plan.version];
  const numbers = rackNumbers(racks);
  return new TableTrace(plan, {
    distinct,
    kind: {
      name: "nova-machine-events",
      layout,
      fill: machineCells(plan, { distinct, numbers, join }),
      join,
      sorts: false,
      scanned: layout.columns.map(scannedColumn),
      fields: fieldFates(layout.columns, plan).map(numberedRack),
      racks: numbers.size,
    },
  });
}

/** Racks are numbered with every method, `none` included. */
const numberedRack = (field: FieldFate): FieldFate =>
  field.column === "RACK" || field.column === "PROPERTIES"
    ? { column: field.column, fate: "numbered" }
    : field;

function machineCells(
  plan: TracePlan,
  {
    distinct,
    numbers,
    join,
  }: {
    distinct: DistinctValues;
    numbers: ReadonlyMap<string, number>;
    join: HostJoin | undefined;
  },
): (row: MachineEvent, cells: Cell[]) => void {
  const { masking, uuidShape, memoryBytes } = plan;
  const host = columnMask(masking, { of: "host", distinct, uuidShape, memoryBytes });
  const isFlat = plan.version === "v0.2";
  const rackOf = (content: MachineContent | null): number | null => {
    const rack = content?.rack ?? null;
    return rack === null ? null : (numbers.get(rack) ?? null);
  };
  return ({ time, host: name, event, content }, cells) => {
    const hostName = host(name);
    cells[0] = time;
    cells[2] = hostName;
    join?.note(hostName);
    if (!isFlat) {
      cells[3] = event;
      cells[4] = properties(content, rackOf(content));
      return;
    }
    cells[3] = rackOf(content);
    cells[4] = event;
    cells[5] = content?.vcpus ?? null;
    cells[6] = content?.memoryMb ?? null;
    cells[7] = content?.localGb ?? null;
  };
}

/** The spelling of the keys is the original's. */
function properties(content: MachineContent | null, rack: number | null): Properties {
  if (content === null) return { rack: null };
  return {
    rack,
    vcpu_capability: content.vcpus,
    memory_capability_mb: content.memoryMb,
    disk_capability_gb: content.localGb,
  };
}
