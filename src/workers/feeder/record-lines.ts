// Lines about records of a trace: the plan (what would be sent, by whom, when) and the skipped records.
import { operations } from "../../core/operation.ts";
import type { RecordView } from "../../trace/record-view.ts";
import { jsonTextBytesMax, writeJsonText } from "./json-text.ts";
import type { LineFile } from "./line-file.ts";

const piece = (text: string): Buffer => Buffer.from(text, "latin1");

const SEQ = piece('{"seq":');
const URI = piece(',"uri":');
const OP = operations.map((op) => piece(`,"op":"${op}","node":`));
const METHOD = ["GET", "PUT", "HEAD"].map((method) => piece(`,"method":"${method}","reason":"`));
const SLOT = piece(',"slot":');
const DUE = piece(',"due":');
const NULL = piece("null");
const END = piece("}\n");
const END_QUOTED = piece('"}\n');

const PLAN_SLOT_BYTES_MAX = 256;

export type PlanLine = {
  readonly seq: number;
  readonly op: number;
  readonly node: number;
  readonly slot: number;
  /** Nanoseconds; NaN = no due time. */
  readonly due: number;
};

export function writePlanLine(file: LineFile, record: RecordView, line: PlanLine): void {
  beginLine(file, record, line.seq);
  const { text } = file;
  text.piece(OP[line.op] as Buffer);
  text.integer(line.node);
  text.piece(SLOT);
  if (line.slot < 0) text.piece(NULL);
  else text.integer(line.slot);
  text.piece(DUE);
  if (Number.isNaN(line.due)) text.piece(NULL);
  else text.seconds(line.due);
  text.piece(END);
  file.endLine();
}

export function writeSkippedLine(
  file: LineFile,
  record: RecordView,
  { seq, reason }: { seq: number; reason: string },
): void {
  beginLine(file, record, seq);
  const { text } = file;
  text.piece(METHOD[record.method] as Buffer);
  text.piece(piece(reason));
  text.piece(END_QUOTED);
  file.endLine();
}

function beginLine(file: LineFile, record: RecordView, seq: number): void {
  const { text } = file;
  const { buffer, uriAt, uriEnd } = record;
  file.beginLine(jsonTextBytesMax(uriEnd - uriAt) + PLAN_SLOT_BYTES_MAX);
  text.piece(SEQ);
  text.integer(seq);
  text.piece(URI);
  text.length = writeJsonText(text.bytes, text.length, buffer, uriAt, uriEnd);
}
