// Does before the start what a node does each second, with figures that nobody gets: the first time takes 20 ms of processor and
// more, later ones less than one. Nodes on one machine would all spend it in the first second of the run.

import { Failure } from "../../core/failure.ts";
import { operationClasses } from "../../core/operation.ts";
import { nanos } from "../../core/units.ts";
import { LateCause, STAMP_WORDS, Stamp, TallyWriter } from "../../stats/tally.ts";
import { allocateTally } from "../../stats/tally-layout.ts";
import { MessageEncoder } from "../protocol/codec.ts";
import { encodeSnapshot } from "../protocol/snapshot-wire.ts";
import { ToldFigures } from "./told-figures.ts";

const SECONDS = 3;
const OPERATIONS = 100;
const STATUS = 200;

/** Returns what would have been sent. */
export function rehearseSecond(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const memory = allocateTally();
  const writer = new TallyWriter(memory, { onTime: nanos(0), tooLate: nanos(0) });
  const figures = new ToldFigures([memory], memory);
  const encoder = new MessageEncoder({});
  for (let second = 0; second < SECONDS; second++) {
    write(writer);
    const interval = figures.takeInterval(nanos(second), nanos(second + 1));
    const snapshot = encodeSnapshot(interval);
    const told = { number: second, snapshot, seconds: [], operations: [], board: [] };
    frames.push(...encoder.encode({ type: "snapshot", ...told }));
  }
  return frames;
}

/** Operations whose times are as far apart as times of operations are. */
function write(writer: TallyWriter): void {
  const stamps = new Float64Array(STAMP_WORDS);
  for (let i = 1; i <= OPERATIONS; i++) {
    stamps[Stamp.sent] = i * 1e4;
    stamps[Stamp.firstByte] = i * 1e5;
    stamps[Stamp.done] = i * 2e5;
    stamps[Stamp.bytesIn] = i * 100;
    const operation = i % operationClasses.length;
    writer.started(stamps, 0, operation, LateCause.generator);
    writer.record(stamps, 0, operation, Failure.none, STATUS);
  }
}
