import type { MachineEvent } from "../nova-event.ts";
import type { RowSink } from "../row-sink.ts";
import type { TracePlan } from "../trace-plan.ts";

/**
 * Opens a trace of machine events, which come in their final order. `racks`: the racks of all rows that will be written, in
 * clear text and with repetitions; they are numbered from 0 in the order of code points, `null` stays without a number.
 */
export async function openMachineTrace(
  plan: TracePlan,
  racks: Iterable<string | null>,
): Promise<RowSink<MachineEvent>> {
  throw new Error(`not built yet: ${plan.output} ${[...racks].length}`);
}
