import type { Random } from "../../core/random.ts";
import type { NativeRecord } from "../native-record.ts";
import type { Clients } from "./clients.ts";
import { logNormal, valueAt } from "./draw.ts";
import { type Labels, requestId } from "./labels.ts";
import type { SynthProfile } from "./profile.ts";

/** A request of a trace client. `start` in milliseconds since the Unix epoch, `moved` the bytes that take time. */
export type Request = {
  readonly client: number;
  readonly start: number;
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly written: number;
  readonly moved: number;
};

/** Where finished records go: with the instant of their start, milliseconds since the Unix epoch. */
export type RecordSink = (record: NativeRecord, start: number) => void;

/** Gives requests their duration, host and id, and hands them on as records. */
export class RequestLog {
  readonly #profile: SynthProfile;
  readonly #hosts: readonly string[];
  readonly #clients: Clients;
  readonly #chance: Random;
  readonly #sink: RecordSink;

  constructor(
    { profile, labels, chance }: { profile: SynthProfile; labels: Labels; chance: Random },
    clients: Clients,
    sink: RecordSink,
  ) {
    this.#profile = profile;
    this.#hosts = Array.from({ length: profile.hosts }, (_, host) => labels.word("host", host));
    this.#clients = clients;
    this.#chance = chance;
    this.#sink = sink;
  }

  /** Writes the request down and returns when it ends, in milliseconds since the Unix epoch. */
  add({ client, start, method, uri, status, written, moved }: Request): number {
    const duration = this.#duration(moved);
    const end = start + duration * 1000;
    this.#sink(
      {
        host: this.#hosts[this.#chance.integer(this.#hosts.length)] ?? null,
        duration,
        method,
        client: this.#clients.addresses[client] ?? null,
        uri,
        userAgent: this.#clients.userAgents[client] ?? null,
        status,
        written,
        id: requestId(this.#chance),
        end: Math.round(end),
      },
      start,
    );
    return end;
  }

  /** Seconds, to the nanosecond. */
  #duration(moved: number): number {
    const { floor, overheadMedian, overheadSigma, throughput } = this.#profile.duration;
    const overhead = logNormal(this.#chance, overheadMedian, overheadSigma);
    const transfer = moved / valueAt(throughput, this.#chance.next());
    return Math.round((floor + overhead + transfer) * 1e9) / 1e9;
  }
}
