import { timesText } from "../../report/number-format.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import type { NodeStatus } from "../../workers/node-report.ts";
import type { CourseNow } from "../live/run-course.ts";

/** How a run does: the answer to GET /status. Times are seconds. */
export type RunStatus = {
  readonly verb: string;
  readonly directory: string;
  readonly state: "preparing" | "running" | "paused" | "draining" | "stopping";
  readonly elapsed: number;
  /** Schedule seconds per second, as ordered last. */
  readonly speed: number;
  /** Share that is done, 0..1, and seconds to the end; null where no end is known. */
  readonly share: number | null;
  readonly left: number | null;
  readonly inFlight: number;
  readonly operations: readonly {
    readonly operation: string;
    readonly started: number;
    readonly done: number;
    readonly failed: number;
  }[];
  readonly nodes: readonly NodeStatus[];
};

export const operationsOf = (
  tallies: readonly SharedArrayBuffer[],
): Pick<RunStatus, "inFlight" | "operations"> => {
  const { classes, inFlight } = new TallyReader(tallies).totals();
  return {
    inFlight,
    operations: classes.map(({ operation, started, done, failed }) => ({
      operation,
      started,
      done,
      failed,
    })),
  };
};

export const endedOf = ({ operations }: Pick<RunStatus, "operations">): number =>
  operations.reduce((sum, { done, failed }) => sum + done + failed, 0);

/** `begun`: the start has been agreed on; `ending`: what was ordered to end it. */
export function stateOf(
  { paused }: CourseNow,
  { begun, ending }: { begun: boolean; ending: "drain" | "stop" | undefined },
): RunStatus["state"] {
  if (ending !== undefined) return ending === "drain" ? "draining" : "stopping";
  if (!begun) return "preparing";
  return paused ? "paused" : "running";
}

const seconds = (value: number): string => `${value.toFixed(1)} s`;

/** For people: a line of the run, one per operation, one per node. */
export function statusLines(status: RunStatus): string[] {
  const { verb, directory, state, elapsed, speed, share, left, inFlight } = status;
  const course = [
    `${verb} ${state}`,
    `${seconds(elapsed)} since the start`,
    ...(share === null ? [] : [`${(share * 100).toFixed(0)} % done`]),
    ...(left === null || state === "paused" ? [] : [`${seconds(left)} left`]),
    ...(speed === 1 ? [] : [`speed ${speed}`]),
    `${inFlight} in flight`,
  ];
  return [
    course.join(", "),
    ...status.operations.map(
      ({ operation, started, done, failed }) =>
        `  ${operation}: ${started} started, ${done} done, ${failed} failed`,
    ),
    ...status.nodes.map(
      ({ node, name, address, state: of, rows, cuts, lost }) =>
        `  node ${node} ${name === address ? address : `${name} at ${address}`}: ${of}, ${rows} rows${cuts === 0 ? "" : `, cut off ${timesText(cuts)}`}${lost === null ? "" : `: ${lost}`}`,
    ),
    `  ${directory}`,
  ];
}
