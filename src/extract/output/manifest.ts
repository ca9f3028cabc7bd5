import { timeText } from "../event-time.ts";
import type { MaskClass, MaskPolicy } from "../masking/mask-policy.ts";
import { keyId } from "../masking/pseudonym.ts";
import type { SourceReport } from "../row-sink.ts";
import type { TimePolicy } from "../trace-plan.ts";
import type { HostJoinResult } from "./host-join.ts";
import type { OutputFacts } from "./native-files.ts";

/** What became of a field of the source. */
export type FieldFate = {
  readonly column: string;
  readonly fate: "masked" | "kept" | "generalised" | "dropped" | "numbered";
  readonly class?: MaskClass;
  /** Digits of the pseudonym. */
  readonly width?: number;
};

export type ManifestParts = {
  readonly format: { readonly name: string; readonly version: string; readonly encoding: string };
  readonly toolVersion: string;
  readonly commandLine: readonly string[];
  readonly source: SourceReport;
  /** First and last time of the output, in microseconds, as written. */
  readonly period: readonly [number, number] | undefined;
  readonly epoch: number | undefined;
  readonly rowsWritten: number;
  readonly fields: readonly FieldFate[];
  readonly masking: MaskPolicy;
  readonly time: TimePolicy;
  readonly racks?: number | undefined;
  readonly join?: HostJoinResult | undefined;
  readonly warnings: readonly string[];
};

/** The masking manifest without what is known only when the file is complete. Holds no key, salt or shift. */
export function manifestOf(parts: ManifestParts): Readonly<Record<string, unknown>> {
  const { source, period, epoch, masking, time } = parts;
  return {
    manifest: "drayage/masking/1",
    format: parts.format,
    tool: `drayage ${parts.toolVersion}`,
    command: parts.commandLine,
    source: {
      kind: source.kind,
      ...source.facts,
      ...(isMoved(time) ? {} : source.times),
      partial: source.partial,
    },
    period: period === undefined ? null : { from: timeText(period[0]), to: timeText(period[1]) },
    epoch: epoch === undefined ? null : timeText(epoch),
    rows: { read: source.rowsRead, written: parts.rowsWritten, dropped: source.dropped },
    fields: parts.fields,
    masking: maskingFacts(masking),
    time: { base: time.base, shift: shiftName(time), round_ms: time.roundMs },
    racks: parts.racks ?? null,
    ...(parts.join === undefined ? {} : { join: parts.join }),
    warnings: [...source.warnings, ...parts.warnings],
  };
}

function maskingFacts(policy: MaskPolicy): Readonly<Record<string, unknown>> {
  switch (policy.method) {
    case "none":
      return { method: policy.method };
    case "sha1-raw":
    case "sha2-salted":
      return {
        method: policy.method,
        salt: policy.random ? "random, forgotten" : policy.salt.length === 0 ? "empty" : "given",
      };
    case "hmac-sha256":
      return {
        method: policy.method,
        key_id: keyId(policy.key),
        key: policy.random ? "random, forgotten" : "given",
      };
    default:
      return policy satisfies never;
  }
}

/** Whether a time of the source, beside one of the trace, would tell by how much times were moved. */
const isMoved = ({ base, shift }: TimePolicy): boolean =>
  base === "relative" || shift.kind !== "none";

/** Whether times were shifted and how the constant came about; the constant itself is as secret as the key. */
const shiftName = ({ shift }: TimePolicy): string =>
  shift.kind === "seconds" ? "constant" : shift.kind;

/** The manifest with hash and size of the finished file. */
export const finishedManifest = (
  manifest: Readonly<Record<string, unknown>>,
  output: OutputFacts,
): string => `${JSON.stringify({ ...manifest, output }, null, 2)}\n`;
