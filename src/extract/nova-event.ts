// The rows that travel from a source of Nova events to a trace file.
//
//   instances/, machines/  --InstanceEvent, MachineEvent-->  output/instance-trace.ts, output/machine-trace.ts
//   (database, dumps)                                         shift times, mask, format, sort, check, rename
//
// A source reads and selects; it neither masks nor formats. Clear text stays in these rows and ends in the sink.

/** Microseconds since the Unix epoch, UTC; an integer, negative before 1970. NULL and zero dates are `null`. */
export type EventTime = number;

/**
 * One joined row of instances, instance_actions and instance_actions_events, in clear text. A sink only borrows it until
 * `write` returns, so a source may fill one object again and again.
 */
export interface InstanceEvent {
  uuid: string | null;
  event: string | null;
  start: EventTime | null;
  /** `null` only with --include-unfinished. */
  finish: EventTime | null;
  result: string | null;
  memoryMb: number | null;
  rootGb: number | null;
  vcpus: number | null;
  /** `instances.hostname`. */
  name: string | null;
  user: string | null;
  project: string | null;
  /** `instances.host`, or the event's with --vm-host event. */
  host: string | null;
  /** `instance_actions.created_at`; orders the trace and is not written. */
  created: EventTime | null;
  /** Keys of action and event; they order the trace and are not written. */
  actionId: number;
  eventId: number;
  /**
   * `instances.id` and the number of the statement that gave the row: within one statement, rows with the same key have the
   * same uuid, name, user, project and, unless it is the event's, host.
   */
  instanceId: number;
  statement: number;
}

export type MachineEventName = "CREATE" | "DELETE" | "DISABLE" | "ENABLE" | "UPDATE";

/** One event that refinement has kept, in clear text. */
export type MachineEvent = {
  readonly time: EventTime;
  /** `hypervisor_hostname`, or `host` with --host-field host. */
  readonly host: string;
  readonly event: MachineEventName;
  /** `null`: the event has no content at all (DELETE in v0.3). */
  readonly content: MachineContent | null;
};

export type MachineContent = {
  /** As the regex found it, `UNKNOWN` without a match, `null` where the format knows no rack. */
  readonly rack: string | null;
  readonly vcpus: number | null;
  readonly memoryMb: number | null;
  readonly localGb: number | null;
};
