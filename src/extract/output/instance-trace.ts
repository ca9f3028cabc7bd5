import type { InstanceEvent } from "../nova-event.ts";
import type { RowSink } from "../row-sink.ts";
import type { TracePlan } from "../trace-plan.ts";

/** Opens a trace of instance events. Fails with a UsageError before anything is written if the place is not writable. */
export async function openInstanceTrace(plan: TracePlan): Promise<RowSink<InstanceEvent>> {
  throw new Error(`not built yet: ${plan.output}`);
}
