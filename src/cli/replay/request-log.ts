// --log-requests: which requests get a row of their own, and what stands in it.
import { UsageError } from "../../core/errors.ts";
import { failureLabel } from "../../core/failure.ts";
import { operationClasses, operationClassOf } from "../../core/operation.ts";
import { isDrawn } from "../../core/sample.ts";
import {
  type OpenRequestFile,
  type RequestFile,
  type RequestFormat,
  requestFileName,
  requestFileOpener,
  requestFormats,
} from "../../report/request-file.ts";
import { type RequestRow, requestColumns } from "../../report/request-row.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import {
  OUTCOME_ATTEMPTS_AT,
  OUTCOME_BYTES_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_FIRST_BYTE_AT,
  OUTCOME_NODE_AT,
  OUTCOME_OP_AT,
  OUTCOME_REGISTRY_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
  OUTCOME_SLOT_AT,
  OUTCOME_STATUS_AT,
} from "../../ring/outcome-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import type { OptionTable } from "../command.ts";
import { nearest } from "../suggestion.ts";
import { rowTextOf } from "./result-rows.ts";

export const requestLogOptions = {
  "log-requests": {
    type: "string",
    default: "none",
    value: "WHICH",
    check: (text, label) => void shareOf(text, label),
    help: "write a row per request into the run directory: none, errors, sample:1% or all",
  },
  "log-format": {
    type: "string",
    choices: requestFormats,
    default: "ndjson",
    value: "FORMAT",
    help: "form of these rows: ndjson, csv or parquet",
  },
} as const satisfies OptionTable;

/** Which requests get a row; a share from 0 to 1 of all. */
export type LoggedRequests =
  | { readonly which: "errors"; readonly format: RequestFormat }
  | { readonly which: "share"; readonly share: number; readonly format: RequestFormat };

/** What the options say; `undefined` for none. */
export function loggedRequests(given: {
  readonly "log-requests": string;
  readonly "log-format": string;
}): LoggedRequests | undefined {
  const format = requestFormats.find((known) => known === given["log-format"]) ?? "ndjson";
  const share = shareOf(given["log-requests"], "--log-requests");
  if (share === "errors") return { which: "errors", format };
  return share === 0 ? undefined : { which: "share", share, format };
}

/** Throws UsageError. */
function shareOf(text: string, label: string): number | "errors" {
  if (text === "none") return 0;
  if (text === "errors") return "errors";
  if (text === "all") return 1;
  const percent = /^sample:(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  const share = percent === undefined ? 0 : Number(percent) / 100;
  if (share > 0 && share <= 1) return share;
  const near = nearest(text, ["none", "errors", "all"]);
  throw new UsageError(
    `${label} ${text}: ${near === undefined ? "" : `did you mean ${near}? `}give none, errors, sample:1% (above 0, up to 100 %) or all`,
  );
}

export type OpenRequestLog = (directory: RunDirectory) => RequestLog | undefined;

/** What makes the file of rows when the run begins; its writer is loaded by then. */
export async function requestLogOpener(
  wanted: LoggedRequests | undefined,
): Promise<OpenRequestLog> {
  if (wanted === undefined) return () => undefined;
  const open = await requestFileOpener(wanted.format);
  return (directory) => new RequestLog(directory, wanted, open);
}

export class RequestLog {
  readonly #path: string;
  readonly #wanted: LoggedRequests;
  readonly #file: RequestFile<RequestRow>;
  #rows = 0;
  #open = true;

  constructor(directory: RunDirectory, wanted: LoggedRequests, open: OpenRequestFile) {
    this.#path = directory.file(requestFileName(wanted.format));
    this.#wanted = wanted;
    this.#file = open(this.#path, requestColumns);
  }

  get description(): { readonly name: string; readonly holds: string } {
    return { name: this.#path, holds: `${this.#rows} rows, one per request that was asked for` };
  }

  add(ring: RingViews, at: number): void {
    if (!this.#wants(ring, at)) return;
    this.#file.add(requestRow(ring, at));
    this.#rows++;
  }

  #wants({ bytes, words }: RingViews, at: number): boolean {
    if (this.#wanted.which === "errors") return bytes[at + OUTCOME_FAILURE_AT] !== 0;
    return isDrawn((words[(at + OUTCOME_SEQ_AT) >> 2] as number) >>> 0, this.#wanted.share);
  }

  flush(): void {
    this.#file.flush();
  }

  /** Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

function requestRow(ring: RingViews, at: number): RequestRow {
  const { bytes, words, doubles } = ring;
  const double = (offset: number): number => doubles[(at + offset) >> 3] as number;
  const status = bytes.readUInt16LE(at + OUTCOME_STATUS_AT);
  const slot = words[(at + OUTCOME_SLOT_AT) >> 2] as number;
  const [op, kind, failure] = [0, 1, 2].map((byte) => bytes[at + OUTCOME_OP_AT + byte] as number);
  return {
    seq: (words[(at + OUTCOME_SEQ_AT) >> 2] as number) >>> 0,
    operation: operationClasses[operationClassOf(op ?? 0, kind ?? 0)] ?? "request",
    node: bytes.readUInt16LE(at + OUTCOME_NODE_AT),
    slot: slot < 0 ? null : slot,
    registry: bytes.readUInt16LE(at + OUTCOME_REGISTRY_AT),
    due: orNull(double(OUTCOME_DUE_AT)),
    sent: double(OUTCOME_SENT_AT),
    firstByte: orNull(double(OUTCOME_FIRST_BYTE_AT)),
    done: double(OUTCOME_DONE_AT),
    bytes: double(OUTCOME_BYTES_AT),
    status: status === 0 ? null : status,
    error: failureLabel(failure ?? 0, status),
    attempts: bytes.readUInt16LE(at + OUTCOME_ATTEMPTS_AT),
    uri: uriOf(rowTextOf(ring, at)),
  };
}

/** The feeder wrote members of a JSON object for a run, a size and a URI for a warm-up, and nothing for a load. */
function uriOf(row: string): string | null {
  if (row === "") return null;
  if (!row.startsWith('"')) return row.slice(row.indexOf(" ") + 1) || null;
  return (JSON.parse(`{${row}}`) as { uri?: string }).uri ?? null;
}
