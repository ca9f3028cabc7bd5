// Whether an instance trace and a machine trace speak of the same hosts: which they do only under one key, and when Nova's two
// names of a host agree. Source: extract.md 6.3.
import { UsageError } from "../../core/errors.ts";
import { eventRows } from "../arrivals/event-rows.ts";

/** Clouds have some thousands; the bound is for a file that is something else. */
const HOSTS_MAX = 1_000_000;

export type HostJoinResult = {
  readonly instance_hosts: number;
  readonly found_in_machine_trace: number;
};

type Kind = "instances" | "machines";

/** Compares the hosts of the trace that is being written with those of another one. */
export class HostJoin {
  readonly #path: string;
  readonly #kind: Kind;
  readonly #others: ReadonlySet<string>;
  readonly #own = new Set<string>();
  #last = "";

  private constructor(path: string, { kind, others }: { kind: Kind; others: ReadonlySet<string> }) {
    this.#path = path;
    this.#kind = kind;
    this.#others = others;
  }

  /** Reads the other trace. `kind`: of the trace that is being written. Throws a UsageError if it is no partner for it. */
  static async with(path: string, kind: Kind): Promise<HostJoin> {
    const others = new Set<string>();
    for await (const { trace, host, isWhole } of eventRows(path)) {
      if (trace === kind)
        throw new UsageError(
          `${path} (--join-with) is a trace of ${kind} too: name one of ${kind === "instances" ? "machines" : "instances"}`,
        );
      if (host === "" || !isWhole) continue;
      others.add(host);
      if (others.size > HOSTS_MAX)
        throw new UsageError(`${path} (--join-with) names more than ${HOSTS_MAX} hosts`);
    }
    if (others.size === 0) throw new UsageError(`${path} (--join-with) names no host`);
    return new HostJoin(path, { kind, others });
  }

  /** A host as it is written; empty for none. Runs once per row. */
  note(host: string): void {
    if (host === this.#last || host === "") return;
    this.#last = host;
    if (this.#own.size < HOSTS_MAX) this.#own.add(host);
  }

  result(): HostJoinResult {
    const isOwn = this.#kind === "instances";
    const [instances, machines] = isOwn ? [this.#own, this.#others] : [this.#others, this.#own];
    let found = 0;
    for (const host of instances) if (machines.has(host)) found++;
    return { instance_hosts: instances.size, found_in_machine_trace: found };
  }

  /** For the user, one line. */
  sentence(): string {
    const { instance_hosts: all, found_in_machine_trace: found } = this.result();
    const share = all === 0 ? 0 : (100 * found) / all;
    const advice =
      found > 0 || all === 0
        ? ""
        : ": were both masked with the same key and method, and is --host-field right?";
    return `join with ${this.#path}: ${found} of ${all} instance hosts (${share.toFixed(1)} %) are in the machine trace${advice}`;
  }
}
