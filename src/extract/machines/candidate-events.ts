// What the backups say, before refinement: one candidate for each time, host and kind of event.
import type { EventTime, MachineContent, MachineEventName } from "../nova-event.ts";
import type { TraceVersion } from "../trace-plan.ts";
import type { NodePair } from "./node-pairs.ts";

export type Candidate = {
  readonly time: EventTime;
  readonly event: MachineEventName;
  /** The name that is written for the host. */
  readonly label: string;
  readonly content: MachineContent | null;
};

export type RackRule = {
  readonly regex: RegExp | undefined;
  /** Group of the regex that is the rack. */
  readonly group: number | undefined;
};

export type CandidateRules = {
  readonly version: TraceVersion;
  readonly rack: RackRule;
  readonly hostField: "hypervisor_hostname" | "host";
};

/** No regex, no group or no match. */
const UNKNOWN_RACK = "UNKNOWN";

type Backup = { readonly pairs: readonly NodePair[]; readonly time: EventTime };

/** Merges backups, which come in their order: for an equal key the earliest of them counts. */
export class CandidateEvents {
  readonly #rules: CandidateRules;
  readonly #hosts = new Map<string, Map<string, Candidate>>();
  /** Label of the hosts of the previous backup. */
  #previous = new Map<string, string>();
  pairs = 0;
  readonly dropped: Record<string, number> = {};

  constructor(rules: CandidateRules) {
    this.#rules = rules;
  }

  /** Candidates by hypervisor_hostname. */
  get hosts(): ReadonlyMap<string, ReadonlyMap<string, Candidate>> {
    return this.#hosts;
  }

  add({ pairs, time }: Backup): void {
    const present = new Map<string, string>();
    const found = new Map<string, Map<string, Candidate>>();
    for (const pair of pairs) {
      this.pairs++;
      const { hypervisor } = pair;
      const label = this.#rules.hostField === "host" ? pair.host : hypervisor;
      if (hypervisor === null || label === null) {
        this.#drop("host name is NULL");
        continue;
      }
      present.set(hypervisor, label);
      // Within a backup the later pair wins.
      for (const candidate of this.#candidates(pair, hypervisor, label))
        hostOf(found, hypervisor).set(keyOf(candidate), candidate);
    }
    this.#merge(found);
    if (this.#rules.version === "v0.3") this.#vanish(present, time);
    this.#previous = present;
  }

  #merge(found: ReadonlyMap<string, ReadonlyMap<string, Candidate>>): void {
    for (const [hypervisor, candidates] of found) {
      const known = hostOf(this.#hosts, hypervisor);
      for (const [key, candidate] of candidates) if (!known.has(key)) known.set(key, candidate);
    }
  }

  /** Hosts of the previous backup that this one lacks were deleted by the time it was made. */
  #vanish(present: ReadonlyMap<string, string>, time: EventTime): void {
    for (const [hypervisor, label] of this.#previous) {
      if (present.has(hypervisor)) continue;
      const candidate = { time, event: "DELETE", label, content: null } as const;
      const known = hostOf(this.#hosts, hypervisor);
      if (!known.has(keyOf(candidate))) known.set(keyOf(candidate), candidate);
    }
  }

  *#candidates(pair: NodePair, hypervisor: string, label: string): Generator<Candidate> {
    const { version, rack } = this.#rules;
    const content = contentOf(pair, rackOf(hypervisor, rack));
    const at = (event: MachineEventName, time: EventTime | null): Candidate[] => {
      if (time === null || Number.isNaN(time)) {
        this.#drop(time === null ? `${event} without a time` : `${event} with an unreadable time`);
        return [];
      }
      const empty = event === "DELETE" && version === "v0.3";
      return [{ time, event, label, content: empty ? null : content }];
    };
    yield* at("CREATE", pair.created);
    yield* at("UPDATE", pair.updated);
    // Most nodes are not deleted; that is not worth a count.
    if (pair.deleted !== null) yield* at("DELETE", pair.deleted);
    const disabled = version === "v0.3" ? (pair.disabled ?? false) : pair.disabled;
    if (disabled !== null) yield* at(disabled ? "DISABLE" : "ENABLE", pair.serviceUpdated);
  }

  #drop(reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }
}

const keyOf = ({ time, event }: Candidate): string => `${time} ${event}`;

function hostOf<Value>(hosts: Map<string, Map<string, Value>>, host: string): Map<string, Value> {
  let found = hosts.get(host);
  if (found === undefined) {
    found = new Map();
    hosts.set(host, found);
  }
  return found;
}

const contentOf = (
  { vcpus, memoryMb, localGb }: NodePair,
  rack: string | null,
): MachineContent => ({ rack, vcpus, memoryMb, localGb });

function rackOf(hypervisor: string, { regex, group }: RackRule): string {
  if (regex === undefined || group === undefined) return UNKNOWN_RACK;
  return regex.exec(hypervisor)?.[group] ?? UNKNOWN_RACK;
}
