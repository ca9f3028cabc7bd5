import { type AddressMode, addressMask, withoutPort } from "../masking/client-address.ts";
import type { DistinctValues } from "../masking/distinct-values.ts";
import type { MaskPolicy } from "../masking/mask-policy.ts";
import type { Mask } from "../masking/masker.ts";
import type { RegistryMask } from "../masking/registry-mask.ts";
import { type AgentClients, type AgentMode, generalisedAgent } from "../masking/user-agent.ts";
import type { NativeRequest } from "../output/native-trace.ts";
import type { LogEntry, LogTime } from "./log-entry.ts";
import { maskedTarget } from "./masked-target.ts";
import { type RegistryPath, type RegistryTarget, readRegistryTarget } from "./registry-path.ts";
import { UploadSessions } from "./upload-sessions.ts";

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
  readonly #uploads = new UploadSessions();

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
    const { bytes: size, source, isWhole } = this.#sizeOf(entry, target);
    const client = this.#maskedClient(entry.client);
    const { method, status, requestId } = entry;
    return {
      arrival,
      durationNs: entry.durationNs ?? 0,
      host: entry.host === undefined ? null : this.#maskedHost(entry.host),
      method: mask.method(method),
      client,
      uri,
      agent: this.#maskedAgent(entry.agent, client),
      status,
      written: size === undefined ? null : this.#rounded(size),
      id: requestId === undefined ? null : mask.request(requestId),
      // The answer to a request that failed says nothing about an object.
      digest: status >= 200 && status < 300 ? digest : null,
      isWholeSize: isWhole,
      extra: this.#extra(entry, source),
    };
  }

  #notified({ requestId }: LogEntry): number | undefined {
    return requestId === undefined ? undefined : this.#plan.sizes.get(requestId);
  }

  /** From the line, from the parts of its upload, or from a notification. */
  #sizeOf(entry: LogEntry, { path }: RegistryTarget): ObjectSize {
    const { method, status } = entry;
    const isAccepted = status >= 200 && status < 300;
    const upload = path.kind === "uploads" && isAccepted ? path.id : "";
    if (method === "PATCH" && upload !== "") this.#uploads.part(upload, entry);
    const endsUpload = method === "PUT" && upload !== "";
    const ended = endsUpload ? this.#uploads.end(upload, entry) : undefined;
    const notified = this.#notified(entry);
    if (notified !== undefined) return { bytes: notified, source: "notification", isWhole: true };
    if (ended !== undefined) return { ...ended, isWhole: true };
    const bytes = sizeIn(entry, path);
    const isRough = method === "PUT" && bytes !== undefined && entry.bodyBytes === undefined;
    const source = isRough ? "request-length" : undefined;
    return { bytes, source, isWhole: method === "GET" && status === 200 };
  }

  #rounded(size: number): number {
    return Math.ceil(size / this.#plan.sizeRound) * this.#plan.sizeRound;
  }

  #extra(
    entry: LogEntry,
    sizeSource: string | undefined,
  ): Readonly<Record<string, string | number>> {
    return {
      ...(entry.requestBytes === undefined
        ? {}
        : { "drayage.request_bytes": this.#rounded(entry.requestBytes) }),
      ...(entry.responseBytes === undefined
        ? {}
        : { "drayage.response_bytes": this.#rounded(entry.responseBytes) }),
      ...(sizeSource === undefined ? {} : { "drayage.size_source": sizeSource }),
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

/** `source` is named where it is not the line itself; `isWhole`: it is the size of the digest, once and for all. */
type ObjectSize = {
  readonly bytes: number | undefined;
  readonly source: string | undefined;
  readonly isWhole: boolean;
};

/**
 * Bytes of the object that the line itself tells: of a GET what was sent, of a PUT what was received. A PUT that brings
 * nothing ends an upload whose parts are unknown.
 */
function sizeIn(
  { method, responseBytes, requestBytes, bodyBytes }: LogEntry,
  path: RegistryPath,
): number | undefined {
  if (method === "GET") return responseBytes;
  if (method !== "PUT") return undefined;
  return path.kind === "uploads" && bodyBytes === 0 ? undefined : requestBytes;
}
