// Does before the start what a master does each second: the first time takes 50 ms of processor and more, later ones a few. Where
// nodes are on the same machine, those would be taken from the first second of the run.

import { nanos } from "../../core/units.ts";
import { encodeHdr } from "../../stats/hdr.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { rehearseSecond } from "../node/rehearsal.ts";
import { MessageDecoder } from "../protocol/codec.ts";
import { decodeSnapshot } from "../protocol/snapshot-wire.ts";
import { FiguresMerge } from "./figures-merge.ts";
import { NodeTotals } from "./node-totals.ts";

export function rehearseHearing(): void {
  const merge = new FiguresMerge(1);
  const reader = new TallyReader(merge.tallies);
  const totals = new NodeTotals();
  const decoder = new MessageDecoder();
  for (const frame of rehearseSecond()) {
    const decoded = decoder.decode(frame);
    if (decoded.kind !== "message" || decoded.message.type !== "snapshot") continue;
    const snapshot = decodeSnapshot(decoded.message.snapshot);
    totals.add(snapshot);
    merge.add(0, snapshot);
    const { classes, lateness } = reader.takeInterval(nanos(0), nanos(1));
    for (const { response, service } of classes)
      for (const distribution of [response, service, lateness]) encodeHdr(distribution);
  }
}
