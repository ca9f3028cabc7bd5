// One row of the results file, written from an outcome record. Fields and their meaning: docs/formats/results-rows.md.
import { Failure, failureLabel } from "../../core/failure.ts";
import {
  OUTCOME_ATTEMPTS_AT,
  OUTCOME_BYTES_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_FIRST_BYTE_AT,
  OUTCOME_FLAGS_AT,
  OUTCOME_NODE_AT,
  OUTCOME_REGISTRY_AT,
  OUTCOME_ROW_AT,
  OUTCOME_ROW_BYTES_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
  OUTCOME_SLOT_AT,
  OUTCOME_STATUS_AT,
  OUTCOME_TRACED_AT,
  OutcomeFlag,
} from "../../ring/outcome-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import type { TextBuffer } from "./text-buffer.ts";

const piece = (text: string): Buffer => Buffer.from(text, "latin1");

const TIME = piece('{"time":');
const DURATION = piece(',"duration":');
const SIZE = piece(',"size":');
const COMMA = piece(",");
const STATUS = piece(',"status":');
const WORKER = piece(',"worker":');
const SLOT = piece(',"slot":');
const SEQ = piece(',"seq":');
const LATENESS = piece(',"lateness":');
const RESPONSE = piece(',"response":');
const TTFB = piece(',"ttfb":');
const ERROR = piece(',"error":');
const REGISTRY = piece(',"registry":');
const ATTEMPTS = piece(',"attempts":');
const TRACED = piece(',"traceDuration":');
const END = piece("}");
const NULL = piece("null");
const YES = piece(',"onTime":"yes"');
const NO = piece(',"onTime":"no"');
const FAILED = piece(',"onTime":"failed"');

/** All of a row but the part that the feeder wrote. */
const ROW_BYTES_MAX = 512;

/** Labels such as "http:503" as JSON, made once each: code * 1000 + status. */
const errorPieces = new Map<number, Buffer>();

function errorPiece(failure: number, status: number): Buffer {
  const key = failure * 1000 + status;
  let made = errorPieces.get(key);
  if (made === undefined) {
    made = piece(JSON.stringify(failureLabel(failure, status)));
    errorPieces.set(key, made);
  }
  return made;
}

/** `startedAtUs`: wall clock at the start of the run, microseconds since the epoch; display only. */
export function writeResultRow(
  text: TextBuffer,
  ring: RingViews,
  at: number,
  startedAtUs: number,
): void {
  const { bytes, words, doubles } = ring;
  const double = at >> 3;
  const due = doubles[double + OUTCOME_DUE_AT / 8] as number;
  const sent = doubles[double + OUTCOME_SENT_AT / 8] as number;
  const done = doubles[double + OUTCOME_DONE_AT / 8] as number;
  const firstByte = doubles[double + OUTCOME_FIRST_BYTE_AT / 8] as number;
  const failure = bytes[at + OUTCOME_FAILURE_AT] as number;
  const status = bytes.readUInt16LE(at + OUTCOME_STATUS_AT);
  const rowBytes = bytes.readUInt16LE(at + OUTCOME_ROW_BYTES_AT);
  text.reserve(ROW_BYTES_MAX + rowBytes);

  text.piece(TIME);
  text.secondsOfMicros(startedAtUs + sent / 1000);
  text.piece(DURATION);
  text.seconds(done - sent);
  if (failure !== Failure.none) text.piece(FAILED);
  else text.piece(((bytes[at + OUTCOME_FLAGS_AT] as number) & OutcomeFlag.onTime) !== 0 ? YES : NO);
  text.piece(SIZE);
  text.integer(doubles[double + OUTCOME_BYTES_AT / 8] as number);
  text.piece(COMMA);
  text.slice(bytes, at + OUTCOME_ROW_AT, at + OUTCOME_ROW_AT + rowBytes);
  text.piece(STATUS);
  if (status === 0) text.piece(NULL);
  else text.integer(status);
  text.piece(WORKER);
  text.integer(bytes.readUInt16LE(at + OUTCOME_NODE_AT));
  text.piece(SLOT);
  writeSlot(text, words[(at + OUTCOME_SLOT_AT) >> 2] as number);
  text.piece(SEQ);
  text.integer((words[(at + OUTCOME_SEQ_AT) >> 2] as number) >>> 0);
  text.piece(LATENESS);
  writeSpan(text, sent - due);
  text.piece(RESPONSE);
  writeSpan(text, done - due);
  text.piece(TTFB);
  writeSpan(text, firstByte - sent);
  text.piece(ERROR);
  text.piece(failure === Failure.none ? NULL : errorPiece(failure, status));
  text.piece(REGISTRY);
  text.integer(bytes.readUInt16LE(at + OUTCOME_REGISTRY_AT));
  text.piece(ATTEMPTS);
  text.integer(bytes.readUInt16LE(at + OUTCOME_ATTEMPTS_AT));
  text.piece(TRACED);
  text.seconds((doubles[double + OUTCOME_TRACED_AT / 8] as number) * 1e9);
  text.piece(END);
}

function writeSlot(text: TextBuffer, slot: number): void {
  if (slot < 0) text.piece(NULL);
  else text.integer(slot);
}

/** NaN, where one of the two instants does not exist, is null. */
function writeSpan(text: TextBuffer, nanos: number): void {
  if (Number.isNaN(nanos)) text.piece(NULL);
  else text.seconds(nanos);
}
