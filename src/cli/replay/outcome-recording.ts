// Looks at every outcome beside whoever keeps it: what each node did, and the rows of the requests file if one was asked for.
// On the main thread, once per request: budget 100 ns without rows; no allocation.

import type { RunDirectory } from "../../report/run-directory.ts";
import type { NamedStep } from "../../report/step-sums.ts";
import {
  isTold,
  OUTCOME_BYTES_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_NODE_AT,
  OUTCOME_SENT_AT,
} from "../../ring/outcome-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import { STAMP_WORDS, Stamp } from "../../stats/tally.ts";
import type { OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import { type IntervalListener, IntervalRecording } from "./interval-recording.ts";
import type { OpenRequestLog, RequestLog } from "./request-log.ts";

/** For summary and page. */
export type NamedFile = { readonly name: string; readonly holds: string };

type RecordedRun = {
  readonly directory: RunDirectory;
  readonly listener: IntervalListener;
  /** Its examples grow while the run goes on. */
  readonly keeper: OutcomeKeeper & { readonly examples: Readonly<Record<string, string>> };
  readonly nodes: number;
  /** Of the schedule, if it has several. */
  readonly steps?: readonly NamedStep[] | undefined;
  /** Of --log-requests. */
  readonly openLog: OpenRequestLog;
};

/** What a run is recorded by: its intervals and, on their way to the keeper, its outcomes. The first closes the second. */
export function recordRun({ directory, listener, keeper, nodes, steps, openLog }: RecordedRun) {
  const log = openLog(directory);
  const { examples } = keeper;
  const recording = new IntervalRecording(directory, listener, { nodes, examples, steps, log });
  return { recording, outcomes: new OutcomeRecording(keeper, recording, log) };
}

class OutcomeRecording implements OutcomeKeeper {
  readonly #keeper: OutcomeKeeper;
  readonly #recording: IntervalRecording;
  readonly #log: RequestLog | undefined;
  readonly #stamps = new Float64Array(STAMP_WORDS);

  constructor(keeper: OutcomeKeeper, recording: IntervalRecording, log: RequestLog | undefined) {
    this.#keeper = keeper;
    this.#recording = recording;
    this.#log = log;
  }

  /** The requests file, for summary and page. */
  get files(): readonly NamedFile[] {
    return this.#log === undefined ? [] : [this.#log.description];
  }

  get hasRoom(): boolean {
    return this.#keeper.hasRoom;
  }

  keep(ring: RingViews, at: number): void {
    this.#keeper.keep(ring, at);
    if (!isTold(ring.bytes[at + OUTCOME_HOW_AT] as number)) return;
    this.#countNode(ring, at);
    this.#log?.add(ring, at);
  }

  #countNode({ bytes, doubles }: RingViews, at: number): void {
    const { nodes } = this.#recording;
    if (nodes === undefined) return;
    const stamps = this.#stamps;
    stamps[Stamp.due] = doubles[(at + OUTCOME_DUE_AT) >> 3] as number;
    stamps[Stamp.sent] = doubles[(at + OUTCOME_SENT_AT) >> 3] as number;
    stamps[Stamp.done] = doubles[(at + OUTCOME_DONE_AT) >> 3] as number;
    stamps[Stamp.bytesIn] = doubles[(at + OUTCOME_BYTES_AT) >> 3] as number;
    nodes.add(
      bytes.readUInt16LE(at + OUTCOME_NODE_AT),
      bytes[at + OUTCOME_FAILURE_AT] !== 0,
      stamps,
    );
  }

  flush(): void {
    this.#keeper.flush();
    this.#log?.flush();
  }

  looked(): void {
    this.#recording.look();
  }
}
