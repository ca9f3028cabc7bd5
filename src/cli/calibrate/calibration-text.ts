// A calibration for people. docs/calibrate.md explains the figures.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanos,
  formatRate,
} from "../../report/number-format.ts";
import { alignRows, type Paint, type Row } from "../../report/text-table.ts";
import type { Accuracy, Calibration, Ceiling, ModeFigures, Spread } from "./calibration.ts";
import type { CalibrationKey } from "./calibration-cache.ts";

const INDENT = "  ";

/** Without a line break at its end. */
export function calibrationText(
  calibration: Calibration,
  key: CalibrationKey,
  paint: Paint,
): string {
  const parts = [
    headLines(calibration, key, paint),
    trustLines(calibration, paint),
    ceilingLines(calibration, key, paint),
    pacingLines(calibration, paint),
    idleLines(calibration, paint),
    busyLines(calibration, paint),
  ];
  return parts.map((lines) => lines.join("\n")).join("\n\n");
}

const workerThreads = (count: number): string =>
  count === 1 ? "1 request worker thread" : `${count} request worker threads`;

const cores = (value: number): string => value.toFixed(2);

function section(
  { title, rows, sides }: { title: string; rows: readonly Row[]; sides: string },
  paint: Paint,
): string[] {
  return [paint.bold(title), ...alignRows(rows, sides).map((line) => INDENT + line)];
}

function headLines(
  { workers, seconds, takenAt, loadAverage }: Calibration,
  { cpu, cores: count, node, drayage }: CalibrationKey,
  paint: Paint,
): string[] {
  const head = `calibration of ${workerThreads(workers)}, ${takenAt.slice(0, 16).replace("T", " ")} UTC, in ${formatDuration(seconds)}`;
  const lines = [
    paint.bold(head),
    `${INDENT}${cpu}, ${count} ${count === 1 ? "core" : "cores"}, Node.js ${node}, drayage ${drayage}`,
  ];
  if (loadAverage > count / 2)
    lines.push(
      paint.warning(
        `${INDENT}the machine was busy before it began (load average ${loadAverage.toFixed(1)}): figures may be too low`,
      ),
    );
  return lines;
}

function trustLines(calibration: Calibration, paint: Paint): string[] {
  const { modes, margin } = calibration;
  const rows = modes.map(({ pacing, trusted, why }) => ({
    cells: [pacing, trusted === null ? "none" : formatRate(trusted), why ?? ""],
    paint: trusted === null ? paint.bad : paint.good,
  }));
  const confirmed = modes.some((mode) => mode.trusted !== null && !mode.confirmed)
    ? "; not run once more, for want of time"
    : "; run once more, and halved until that was ok as well";
  return [
    ...section({ title: "Largest rate to trust here", rows, sides: "lrl" }, paint),
    paint.dim(
      `${INDENT}${margin * 100} % of the largest rate tried at which a run is ok${confirmed}`,
    ),
  ];
}

function ceilingLines(
  { ceiling: { requests, bytes }, workers }: Calibration,
  { cores: count }: CalibrationKey,
  paint: Paint,
): string[] {
  const row = (name: string, part: Ceiling, each: string): Row => ({
    cells: [
      name,
      formatRate(part.perSecond),
      `${formatBytes(part.bytesPerSecond)}/s`,
      each,
      cores(part.cores),
      cores(part.responderCores),
    ],
  });
  const head = ["", "requests", "bytes", "per worker", "cores", "responder"];
  const rows = [
    { cells: head, paint: paint.dim },
    row(
      `bodies of ${formatBytes(requests.bodyBytes)}, ${requests.connections} connections`,
      requests,
      formatRate(requests.perSecondPerWorker),
    ),
    row(
      `bodies of ${formatBytes(bytes.bodyBytes)}, ${bytes.connections} connections`,
      bytes,
      `${formatBytes(bytes.bytesPerSecondPerWorker)}/s`,
    ),
  ];
  return [
    ...section({ title: "Ceiling, closed loop", rows, sides: "lr" }, paint),
    paint.dim(`${INDENT}${sharing(workers, count)}`),
  ];
}

/** Feeder and main thread have a core besides those of workers and responders. */
function sharing(workers: number, count: number): string {
  const responders =
    workers === 1
      ? "the responder, a process of its own,"
      : `${workers} responders, processes of their own,`;
  return count >= 2 * workers + 2
    ? `${responders} found free cores beside the threads of drayage`
    : `${responders} shared ${count === 1 ? "the one core" : `the ${count} cores`} with drayage: against another machine the ceiling is higher`;
}

const spreadCells = ({ p50, p99, max }: Spread): string[] => [p50, p99, max].map(formatNanos);

function accuracyRow(name: string, { rate, lateness, cores: used }: Accuracy): Row {
  return { cells: [name, formatRate(rate), ...spreadCells(lateness), cores(used)] };
}

function pacingLines({ modes }: Calibration, paint: Paint): string[] {
  const head = ["", "rate", "lateness p50", "p99", "max", "cores"];
  const rowsOf = ({ pacing, base, top }: ModeFigures): Row[] => [
    accuracyRow(pacing, base),
    ...(top === null || top.rate === base.rate ? [] : [accuracyRow("", top)]),
  ];
  const rows = [{ cells: head, paint: paint.dim }, ...modes.flatMap(rowsOf)];
  return section({ title: "Schedule, by pacing", rows, sides: "lr" }, paint);
}

function idleLines({ idle, clock }: Calibration, paint: Paint): string[] {
  const row = (name: string, part: Spread): Row => ({
    cells: [name, ...spreadCells(part), formatCount(part.count)],
  });
  const rows = [
    { cells: ["", "p50", "p99", "max", "n"], paint: paint.dim },
    row("setTimeout, late", idle.timer),
    row("Atomics.wait, late", idle.wait),
    row("wake-up by another thread", idle.wakeUp),
    row("event-loop delay", idle.loopDelay),
  ];
  return [
    ...section({ title: "Timers and event loop, idle", rows, sides: "lr" }, paint),
    `${INDENT}clock: steps of ${formatNanos(clock.stepNs)}, a reading takes ${formatNanos(clock.readingNs)} (as bigint ${formatNanos(clock.bigintReadingNs)})`,
  ];
}

function busyLines({ busy }: Calibration, paint: Paint): string[] {
  const { gcPauses, loopDelayP99, loopDelayMax } = busy;
  const rows = [
    { cells: ["", "p50", "p99", "max", "n"], paint: paint.dim },
    {
      cells: ["garbage-collection pauses", ...spreadCells(gcPauses), formatCount(gcPauses.count)],
    },
    { cells: ["event-loop delay", "-", formatNanos(loopDelayP99), formatNanos(loopDelayMax), "-"] },
  ];
  return section({ title: "Request workers at the ceiling", rows, sides: "lr" }, paint);
}
