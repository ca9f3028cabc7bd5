// The figures of a ramp under way as metrics. Names and labels: docs/metrics.md.
import type { PullPlace } from "../../pull/second-reader.ts";
import type { MetricFamily } from "../../report/metrics/metric-family.ts";
import {
  counter,
  gauge,
  requestFamilies,
  threadFamilies,
} from "../../report/metrics/run-families.ts";
import { emptyDistribution } from "../../stats/distribution.ts";
import type { ClassFigures, Totals } from "../../stats/figures.ts";
import { BoardWord, type PullBoard } from "../../workers/pull-board.ts";
import { pullClassOf } from "../../workers/pull-classes.ts";

export type PullMetrics = {
  readonly totals: Totals;
  /** Null where only the tallies are known. */
  readonly boards: readonly PullBoard[] | null;
  readonly place: PullPlace | null;
};

const nameOf = ({ operation }: ClassFigures): string => pullClassOf(operation);
/** `first` or `repeat` of a whole pull; undefined of a request. */
const kindOf = (part: ClassFigures): string | undefined => /^pull-(.+)$/.exec(nameOf(part))?.[1];
/** Nothing is due: what a tally has as response includes the waiting for a connection, which has a name of its own. */
const withoutDue = (part: ClassFigures): ClassFigures => ({ ...part, response: emptyDistribution });

export function pullFamilies({ totals, boards, place }: PullMetrics): MetricFamily[] {
  const { classes, lateness, retries, health } = totals;
  const pulls = classes.flatMap((part) => {
    const kind = kindOf(part);
    return kind === undefined ? [] : [{ kind, part }];
  });
  const requests = classes.filter((part) => kindOf(part) === undefined).map(withoutDue);
  const seconds = { type: "histogram", unit: "seconds" } as const;
  return [
    {
      name: "drayage_pulls",
      help: "Whole pulls that ended; first: nobody had pulled the image before.",
      type: "counter",
      samples: pulls.flatMap(({ kind, part }) => [
        { labels: { kind, result: "done" }, value: part.done },
        { labels: { kind, result: "failed" }, value: part.failed },
      ]),
    },
    {
      name: "drayage_pull_seconds",
      help: "From the first byte of the first manifest request to the last byte of the last blob.",
      ...seconds,
      samples: pulls.map(({ kind, part }) => ({ labels: { kind }, times: part.service })),
    },
    ...requestFamilies(requests, nameOf),
    {
      name: "drayage_wait_seconds",
      help: "From a request being ready to its first byte written: connecting, mostly.",
      ...seconds,
      samples: lateness.total === 0 ? [] : [{ labels: {}, times: lateness }],
    },
    ...(place === null ? [] : placeFamilies(place)),
    ...(boards === null ? [] : boardFamilies(boards)),
    counter("drayage_retries", "Requests that were sent again.", retries),
    ...threadFamilies(health),
  ];
}

const placeFamilies = ({ phase, step, level }: PullPlace): MetricFamily[] => [
  gauge("drayage_active_pullers", "Pullers started and not yet told to stop.", level),
  {
    name: "drayage_step",
    help: "Step of the schedule, from 1 on within its phase; 0 outside of steps.",
    type: "gauge",
    samples: [{ labels: { phase }, value: step }],
  },
];

function boardFamilies(boards: readonly PullBoard[]): MetricFamily[] {
  const sum = (word: number): number => boards.reduce((total, board) => total + board.get(word), 0);
  return [
    gauge("drayage_in_flight", "Pulls in progress.", sum(BoardWord.pullsInProgress)),
    counter("drayage_pulls_aborted", "Pulls that were cut off.", sum(BoardWord.aborted)),
    counter("drayage_prunes", "Prunes of the cache.", sum(BoardWord.prunes)),
  ];
}
