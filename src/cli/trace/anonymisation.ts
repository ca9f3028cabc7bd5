import { addressMask, withoutPort } from "../../extract/masking/client-address.ts";
import { DistinctValues } from "../../extract/masking/distinct-values.ts";
import type { MaskPolicy } from "../../extract/masking/mask-policy.ts";
import type { Mask } from "../../extract/masking/masker.ts";
import { type RegistryMask, registryMask } from "../../extract/masking/registry-mask.ts";
import { shiftUs } from "../../extract/masking/time-shift.ts";
import { AgentClients, generalisedAgent } from "../../extract/masking/user-agent.ts";
import { checkCollisions, checkOutput } from "../../extract/output/output-checks.ts";
import { maskedTarget } from "../../extract/registry-log/masked-target.ts";
import { readRegistryTarget } from "../../extract/registry-log/registry-path.ts";
import type { TimePolicy } from "../../extract/trace-plan.ts";
import type { NativeFields } from "../../trace/conversion/native-fields.ts";
import type { RecordChange } from "../../trace/conversion/slice-trace.ts";
import { timeText } from "../../trace/time-text.ts";
import type { Terminal } from "../command.ts";
import { chooseMaskPolicy } from "../extract/mask-policy-choice.ts";
import { scannedFields } from "../extract/registry-fields.ts";
import { timePolicy } from "../extract/trace-plan.ts";
import type { MaskingGiven } from "./masking-options.ts";

/** For distinct values; what exceeds it goes to disk. */
const MEMORY_BYTES: number = 64 << 20;
/** A user agent that fewer clients have becomes `other`, as in the extraction of logs. */
const AGENT_CLIENTS_MIN = 5;

/** The masks of the extractions, for records that are in a trace already. */
export function anonymisation(given: MaskingGiven, { env, err }: Terminal): RecordChange {
  const notice = (line: string): void => void err.write(`${line}\n`);
  const whole = {
    ...given,
    "hashed-masking-method": undefined,
    "hashed-masking-salt": undefined,
    "uuid-shape": false,
    "time-round": given["time-round"] ?? 0,
    "min-k": 0,
  };
  const policy = chooseMaskPolicy(whole, { env, notice });
  const keepTags = (given["keep-tags"] ?? "latest").split(",");
  const distinct = new DistinctValues(MEMORY_BYTES / 2);
  const style = given.style === "ibm8" ? "ibm8" : "full";
  const mask = registryMask(policy, { style, keepLibrary: false, keepTags, distinct });
  return new Anonymisation({
    policy,
    mask,
    distinct,
    keepTags,
    allowLeaks: given["allow-leaks"],
    time: timePolicy(whole, policy.method === "none" ? "absolute" : "relative"),
  });
}

type Parts = {
  readonly policy: MaskPolicy;
  readonly mask: RegistryMask;
  readonly distinct: DistinctValues;
  readonly keepTags: readonly string[];
  readonly allowLeaks: readonly string[];
  readonly time: TimePolicy;
};

class Anonymisation implements RecordChange {
  readonly #parts: Parts;
  readonly #client: Mask;
  readonly #agents = new AgentClients(AGENT_CLIENTS_MIN);
  readonly #shiftUs: number;
  #firstUs: number | undefined;
  #records = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { policy, mask, distinct, time } = parts;
    this.#client = addressMask("hash", { policy, hash: mask.client, distinct });
    this.#shiftUs = shiftUs(time.shift, policy);
  }

  note({ userAgent, client, timeUs }: NativeFields): void {
    this.#firstUs ??= timeUs;
    this.#records++;
    if (userAgent !== null) this.#agents.note(generalisedAgent(userAgent), client ?? "");
  }

  change(fields: NativeFields): NativeFields | null {
    const { mask, policy, distinct } = this.#parts;
    const { uri, host, client, userAgent, id, method } = fields;
    const target = readRegistryTarget(uri.startsWith("/") ? uri : `/${uri}`);
    if (target === undefined) return null;
    const timeUs = this.#moved(fields.timeUs);
    const moved = { ...fields, timeUs, timestamp: timeText(timeUs) };
    if (policy.method === "none") return moved;
    if (host !== null) distinct.noteClear(withoutPort(host));
    return {
      ...moved,
      uri: maskedTarget(target, mask).uri,
      method: mask.method(method),
      host: host === null ? null : mask.host(host),
      client: client === null ? null : this.#client(withoutPort(client)),
      userAgent: userAgent === null ? null : this.#agents.shown(generalisedAgent(userAgent)),
      id: id === null ? null : mask.request(id),
    };
  }

  async check(written: () => Iterable<NativeFields>): Promise<void> {
    const { policy, distinct, keepTags, allowLeaks } = this.#parts;
    try {
      checkCollisions(distinct);
      const columns = scannedFields({
        masking: policy,
        addresses: "hash",
        agents: "generalise",
        keepTags,
      });
      await checkOutput(() => rowsOf(written()), {
        plan: {
          columns,
          quasiIdentifiers: [],
          allowLeaks,
          minK: 0,
          report: undefined,
          scans: policy.method !== "none",
          memoryBytes: MEMORY_BYTES,
        },
        rowCount: this.#records,
        distinct,
      });
    } finally {
      distinct.close();
    }
  }

  #moved(timeUs: number): number {
    const { base, roundMs } = this.#parts.time;
    const whole = timeUs - (base === "relative" ? (this.#firstUs ?? 0) : 0) + this.#shiftUs;
    return roundMs === 0 ? whole : Math.floor(whole / (roundMs * 1000)) * roundMs * 1000;
  }
}

/** In the order of `scannedFields`. */
function* rowsOf(records: Iterable<NativeFields>): Generator<readonly string[]> {
  for (const { host, method, client, uri, userAgent, id } of records)
    yield [host ?? "", method, client ?? "", uri, userAgent ?? "", id ?? ""];
}
