// Which candidates of a host become events.
//
//   state               CREATE         UPDATE           DELETE         ENABLE         DISABLE
//   nothing kept yet    keep           -                -              -              -
//   not created         keep           if it differs    -              as below       as below
//   created             -              if it differs    keep           as below       as below
//   not enabled                                                        keep           -
//   enabled                                                            -              keep
//
//   Besides, an event of the same kind and content as the one kept before it is dropped. DELETE ends `created` and
//   leaves `enabled` alone. So a host that is first seen disabled loses that event, unless `keepInitialDisable`.
import type { MachineContent, MachineEvent, MachineEventName } from "../nova-event.ts";
import type { Candidate } from "./candidate-events.ts";

type State = {
  created: boolean;
  /** `undefined`: nobody has said yet. */
  enabled: boolean | undefined;
};

/** Events of all hosts in the order of the trace: time, host, event. */
export function refinedEvents(
  hosts: ReadonlyMap<string, ReadonlyMap<string, Candidate>>,
  { keepInitialDisable }: { keepInitialDisable: boolean },
): MachineEvent[] {
  const events = [...hosts.values()].flatMap((candidates) =>
    refineHost([...candidates.values()], keepInitialDisable),
  );
  return events.toSorted(
    (a, b) => a.time - b.time || compareText(a.host, b.host) || compareText(a.event, b.event),
  );
}

function refineHost(candidates: Candidate[], keepInitialDisable: boolean): MachineEvent[] {
  const state: State = { created: false, enabled: keepInitialDisable ? undefined : false };
  const kept: Candidate[] = [];
  for (const candidate of candidates.toSorted(
    (a, b) => a.time - b.time || compareText(a.event, b.event),
  )) {
    if (!changes(candidate, state, kept.at(-1))) continue;
    kept.push(candidate);
    enter(state, candidate.event);
  }
  return kept.map(({ time, event, label, content }) => ({ time, host: label, event, content }));
}

function changes(
  { event, content }: Candidate,
  state: State,
  previous: Candidate | undefined,
): boolean {
  if (previous === undefined) return event === "CREATE";
  const same = sameContent(content, previous.content);
  if (same && event === previous.event) return false;
  switch (event) {
    case "UPDATE":
      return !same;
    case "CREATE":
      return !state.created;
    case "DELETE":
      return state.created;
    case "ENABLE":
      return state.enabled !== true;
    case "DISABLE":
      return state.enabled !== false;
    default:
      return event satisfies never;
  }
}

function enter(state: State, event: MachineEventName): void {
  if (event === "CREATE") state.created = true;
  if (event === "DELETE") state.created = false;
  if (event === "ENABLE") state.enabled = true;
  if (event === "DISABLE") state.enabled = false;
}

function sameContent(a: MachineContent | null, b: MachineContent | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.rack === b.rack && a.vcpus === b.vcpus && a.memoryMb === b.memoryMb && a.localGb === b.localGb
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
