// Describes traces once, in a process of its own, whose memory then is what that takes. Prints what it found and what it cost
// as JSON.
//
//   node trace-describing.ts FOLDER TRACE...
import { describeTrace } from "../src/trace/info/describe-trace.ts";

export type TraceDescribing = {
  readonly records: number;
  readonly duplicateIds: number;
  readonly uris: number;
  readonly seconds: number;
  readonly peakMib: number;
};

const [, , tmpDir = "", ...traces] = process.argv;
const started = performance.now();
const { description } = await describeTrace({ traces, tmpDir, manifestFloor: 446 });
const found: TraceDescribing = {
  records: description.account.read,
  duplicateIds: description.account.duplicateIds,
  uris: description.distinct.uris,
  seconds: (performance.now() - started) / 1000,
  peakMib: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(found));
