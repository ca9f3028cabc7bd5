import { type AddressMode, addressMask, withoutPort } from "../masking/client-address.ts";
import type { DistinctValues } from "../masking/distinct-values.ts";
import type { MaskPolicy } from "../masking/mask-policy.ts";
import type { Mask } from "../masking/masker.ts";
import type { RegistryMask } from "../masking/registry-mask.ts";
import { type AgentClients, type AgentMode, generalisedAgent } from "../masking/user-agent.ts";
import type { NativeRequest } from "../output/native-trace.ts";
import type { LogEntry, LogTime } from "./log-entry.ts";
import { maskedTarget } from "./masked-target.ts";
import { readRegistryTarget } from "./registry-path.ts";

export type EntryMaskPlan = {
  /** Sizes of pushed objects by request id, from notifications. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Sizes are rounded up to multiples of this; 1 keeps them. */
  readonly sizeRound: number;
  readonly mask: RegistryMask;
  readonly masking: MaskPolicy;
  readonly addresses: AddressMode;
  readonly agents: AgentMode;
  readonly agentClients: AgentClients;
};

/** Turns what a log says into what a trace may say: fields of the allow-list only, each masked by its own rule. */
export class EntryMask {
  readonly #plan: EntryMaskPlan;
  readonly #distinct: DistinctValues;
  readonly #client: Mask;

  constructor(plan: EntryMaskPlan, distinct: DistinctValues) {
    this.#plan = plan;
    this.#distinct = distinct;
    const { addresses, masking, mask } = plan;
    this.#client = addressMask(addresses, { policy: masking, hash: mask.client, distinct });
  }

  /** `undefined` for requests that are not of the registry API. */
  request(entry: LogEntry, arrival: LogTime): NativeRequest | undefined {
    const target = readRegistryTarget(entry.target);
    if (target === undefined) return undefined;
    const { mask } = this.#plan;
    const { uri, digest = null } = maskedTarget(target, mask);
    const notified = this.#notified(entry);
    const size = notified ?? sizeIn(entry);
    const client = this.#maskedClient(entry.client);
    const { method, status, requestId } = entry;
    return {
      arrival,
      durationNs: entry.durationNs ?? 0,
      host: entry.host === undefined ? null : this.#maskedHost(entry.host),
      method,
      client,
      uri,
      agent: this.#maskedAgent(entry.agent, client),
      status,
      written: size === undefined ? null : this.#rounded(size),
      id: requestId === undefined ? null : mask.request(requestId),
      // The answer to a request that failed says nothing about an object.
      digest: status >= 200 && status < 300 ? digest : null,
      isWholeSize: notified !== undefined || (method === "GET" && status === 200),
      extra: this.#extra(entry),
    };
  }

  #notified({ requestId }: LogEntry): number | undefined {
    return requestId === undefined ? undefined : this.#plan.sizes.get(requestId);
  }

  #rounded(size: number): number {
    return Math.ceil(size / this.#plan.sizeRound) * this.#plan.sizeRound;
  }

  #extra(entry: LogEntry): Readonly<Record<string, string | number>> {
    const isNotified = this.#notified(entry) !== undefined;
    return {
      ...(entry.requestBytes === undefined
        ? {}
        : { "drayage.request_bytes": this.#rounded(entry.requestBytes) }),
      ...(entry.responseBytes === undefined
        ? {}
        : { "drayage.response_bytes": this.#rounded(entry.responseBytes) }),
      ...(isNotified ? { "drayage.size_source": "notification" } : {}),
      ...(entry.quality === "exact" ? {} : { "drayage.time_quality": entry.quality }),
    };
  }

  #maskedHost(host: string): string {
    if (this.#plan.masking.method !== "none") this.#distinct.noteClear(withoutPort(host));
    return this.#plan.mask.host(host);
  }

  #maskedClient(client: string | undefined): string | null {
    if (client === undefined) return null;
    if (this.#plan.masking.method === "none") return client;
    const address = withoutPort(client);
    return this.#client(address);
  }

  #maskedAgent(agent: string | undefined, client: string | null): string | null {
    if (agent === undefined || this.#plan.agents === "drop") return null;
    if (this.#plan.masking.method === "none" || this.#plan.agents === "keep") return agent;
    const general = generalisedAgent(agent);
    this.#plan.agentClients.note(general, client ?? "");
    return general;
  }
}

/** Bytes of the object that the log itself tells: of a GET what was sent, of a PUT what was received. */
function sizeIn({ method, responseBytes, requestBytes }: LogEntry): number | undefined {
  if (method === "GET") return responseBytes;
  return method === "PUT" ? requestBytes : undefined;
}
