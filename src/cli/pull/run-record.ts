import type { RunRecord } from "../../report/run-directory.ts";
import { typedWords } from "../typed-words.ts";
import { version } from "../version.ts";
import { type PullGiven, shownGiven } from "./pull-options.ts";
import type { PullSettings } from "./pull-settings.ts";

/** The content of run.json. Options name where secrets come from, never what they are. */
export function runRecordOf({
  given,
  settings,
  startedAt,
  facts,
  runId,
}: {
  readonly given: PullGiven;
  readonly settings: PullSettings;
  readonly startedAt: number;
  /** Name and text, for the page. */
  readonly facts: readonly (readonly [string, string])[];
  /** By which another master can carry it on. */
  readonly runId: string | undefined;
}): RunRecord {
  const start = new Date(startedAt).toISOString();
  const { patterns, filter, ...rest } = settings;
  return {
    tool: { name: "drayage", version },
    verb: "pull",
    arguments: typedWords(),
    startedAt: start,
    endedAt: null,
    ending: null,
    plan: {
      ...(runId === undefined ? {} : { runId }),
      options: shownGiven(given),
      resolved: {
        ...rest,
        patterns: patterns.map(({ text }) => text),
        filter: filter?.text ?? null,
      },
    },
    seed: settings.seed,
    traces: [],
    frame: { paced: false, failsOn: "any", judged: null, nodes: [], facts },
    clocks: { originWall: start, originMonotonicNs: String(process.hrtime.bigint()) },
  };
}
