// The machines that a run was sent from, each with what it did and how far it is to be trusted.
import { type Html, htmlTable } from "./html.ts";
import { formatCount, timesText } from "./number-format.ts";
import type { RunFigures } from "./run-figures.ts";

/** A node of a run on several machines, as its master saw it. Times are ms. */
export type Machine = {
  readonly node: number;
  readonly name: string;
  readonly address: string;
  readonly cores: number;
  /** Operations whose outcomes came from it. */
  readonly rows: number;
  readonly sent: number;
  readonly done: number;
  readonly failed: number;
  /** Failures by label. */
  readonly errors: Readonly<Record<string, number>>;
  /** Null where too few had a due time. */
  readonly latenessP99Ms: number | null;
  /** Wall clock minus the master's, its monotonic clock's largest error, and how far the wall clock moved in the run. */
  readonly wallAheadMs: number;
  readonly clockBoundMs: number;
  readonly clockStepMs: number;
  readonly firstSentMs: number | null;
  readonly cuts: number;
  readonly longestCutMs: number;
  readonly held: number;
  readonly dropped: number;
  readonly loopDelayP99Ms: number;
  readonly gcP99Ms: number;
  readonly busyShare: number;
  readonly lost: string | null;
  readonly lostOperations: number;
  readonly dealtAgain: number;
};

export type MachineResult = Machine & { readonly share: number | null };

/** With the share of the operations that each of them had; null where there was none. */
export function machineResults(machines: readonly Machine[]): MachineResult[] {
  const all = machines.reduce((sum, { rows }) => sum + rows, 0);
  return machines.map((machine) => {
    const { node, name, address, cores, rows, sent, done, failed, errors } = machine;
    const { latenessP99Ms, wallAheadMs, clockBoundMs, clockStepMs, firstSentMs } = machine;
    const { cuts, longestCutMs, held, dropped, loopDelayP99Ms, gcP99Ms, busyShare } = machine;
    const { lost, lostOperations, dealtAgain } = machine;
    return {
      ...{ node, name, address, cores, rows, share: all === 0 ? null : rows / all },
      ...{ sent, done, failed, errors, latenessP99Ms },
      ...{ wallAheadMs, clockBoundMs, clockStepMs, firstSentMs, cuts, longestCutMs, held, dropped },
      ...{ loopDelayP99Ms, gcP99Ms, busyShare, lost, lostOperations, dealtAgain },
    };
  });
}

const ms = (value: number | null): string => (value === null ? "-" : `${value.toFixed(2)} ms`);
const percent = (share: number | null): string =>
  share === null ? "-" : `${(share * 100).toFixed(1)} %`;
const signed = (value: number): string => {
  const size = Math.abs(value).toFixed(1);
  return size === "0.0" ? "0.0 ms" : `${value < 0 ? "−" : "+"}${size} ms`;
};

function errorsOf({ failed, errors }: Machine): string {
  const [first] = Object.entries(errors).sort(([, a], [, b]) => b - a);
  return failed === 0 || first === undefined
    ? formatCount(failed)
    : `${formatCount(failed)} (${first[0]})`;
}

function healthOf({ loopDelayP99Ms, gcP99Ms, busyShare }: Machine): string {
  return `loop ${ms(loopDelayP99Ms)}, GC ${ms(gcP99Ms)}, busy ${percent(busyShare)}`;
}

function oddities(machine: Machine): string {
  const { cuts, longestCutMs, held, dropped, lost, lostOperations, dealtAgain } = machine;
  return [
    ...(lost === null ? [] : [`lost: ${lost}`]),
    ...(lostOperations === 0
      ? []
      : [`${lostOperations} without outcome, ${dealtAgain} dealt again`]),
    ...(cuts === 0
      ? []
      : [`cut off ${timesText(cuts)}, ${(longestCutMs / 1000).toFixed(1)} s at most`]),
    ...(held === 0 ? [] : [`held back ${timesText(held)}`]),
    ...(dropped === 0
      ? []
      : [`${dropped} rows dropped: there was no room to keep them until the master took them`]),
  ].join("; ");
}

/** Empty for a run from one machine. */
export function machineTable({ machines = [] }: Pick<RunFigures, "machines">): Html {
  if (machines.length === 0) return "";
  const rows = machineResults(machines).map((machine) => ({
    cells: [
      machine.name,
      machine.address,
      percent(machine.share),
      formatCount(machine.sent),
      formatCount(machine.done),
      errorsOf(machine),
      ms(machine.latenessP99Ms),
      `${signed(machine.wallAheadMs)}, known to ${ms(machine.clockBoundMs)}`,
      healthOf(machine),
      oddities(machine),
    ],
  }));
  const head = ["machine", "address", "share", "sent", "done", "errors", "late p99", "clock"];
  return htmlTable([...head, "health", ""], rows, 2);
}
