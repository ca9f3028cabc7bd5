import { loadavg } from "node:os";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { parseDuration } from "../embedded/quantity.ts";
import { paintFor } from "../report/text-table.ts";
import {
  type CalibrationKey,
  calibrationKey,
  keepCalibration,
} from "./calibrate/calibration-cache.ts";
import { calibrationText } from "./calibrate/calibration-text.ts";
import { measureMachine } from "./calibrate/measure-machine.ts";
import { FULL_SECONDS, QUICK_SECONDS } from "./calibrate/time-plan.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { catchInterrupts } from "./replay/interrupts.ts";

const SECONDS_MIN = 6;
const SECONDS_MAX = 600;

const options = {
  workers: {
    type: "number",
    integer: true,
    min: 1,
    max: 64,
    default: 1,
    value: "N",
    help: "request worker threads, as many as the runs in question have",
  },
  duration: {
    type: "string",
    value: "TIME",
    help: `how long it takes, about: ${SECONDS_MIN}s to 10m; ${FULL_SECONDS}s without it`,
  },
  quick: {
    type: "boolean",
    default: false,
    help: `the same as --duration ${QUICK_SECONDS}s: coarser, and nothing is run twice`,
  },
  json: { type: "boolean", default: false, help: "print the figures as JSON" },
  quiet: { type: "boolean", default: false, help: "print the figures and errors only" },
} as const;

type Given = OptionValues<typeof options>;

/** What the generator can do on this machine: ceilings, accuracy of the schedule, and the largest rate to trust. */
export const calibrate: Command<typeof options> = {
  name: "calibrate",
  summary: "measure what this machine's generator can do, and up to which rate it can be trusted",
  examples: [
    { type: "drayage calibrate", does: "half a minute; run and load refer to the result" },
    { type: "drayage calibrate --quick", does: "a coarse look" },
    { type: "drayage calibrate --workers 4 --duration 2m", does: "for runs with four workers" },
  ],
  options,
  async run(given, _, terminal) {
    const seconds = secondsOf(given);
    const say = (line: string): void => {
      if (!given.quiet) terminal.err.write(`${line}\n`);
    };
    const controller = new AbortController();
    const stop = (): void => {
      say("interrupted: nothing is kept");
      controller.abort();
    };
    const interrupts = catchInterrupts({ drain: stop, stop: () => {} }, () => {}, terminal.program);
    say(`this takes about ${Math.round(seconds)} s; let the machine do nothing else meanwhile`);
    try {
      const { signal } = controller;
      const [loadAverage = 0] = loadavg();
      const found = await measureMachine(
        { seconds, workers: given.workers, loadAverage, signal },
        say,
      );
      await tell(given, { found, key: calibrationKey() }, terminal);
      return ExitCode.done;
    } catch (error) {
      const code = interrupts.code();
      if (code === undefined) throw error;
      terminal.program?.finished({ directory: null, results: null });
      return code;
    } finally {
      interrupts.release();
    }
  },
};

function secondsOf({ duration, quick }: Given): number {
  if (quick && duration !== undefined)
    throw new UsageError("--quick and --duration exclude each other: keep one");
  if (duration === undefined) return quick ? QUICK_SECONDS : FULL_SECONDS;
  const seconds = parseDuration(duration, "--duration") / 1000;
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX)
    throw new UsageError(`--duration must be from ${SECONDS_MIN}s to 10m, not ${duration}`);
  return seconds;
}

type Found = {
  readonly found: Awaited<ReturnType<typeof measureMachine>>;
  readonly key: CalibrationKey;
};

/** What `--json` prints. `file`: where they are kept; null where they could not be. */
export type CalibrationResults = {
  readonly file: string | null;
  readonly key: CalibrationKey;
  readonly calibration: Found["found"];
};

/** Figures to standard output, and into the cache; that they could not be kept is said and nothing more. */
async function tell(
  { json }: Given,
  { found, key }: Found,
  { out, err, env, program }: Terminal,
): Promise<void> {
  const kept = await keepCalibration(env, found, key);
  const file = kept.kind === "kept" ? kept.file : null;
  const results: CalibrationResults = { file, key, calibration: found };
  program?.finished({ directory: null, results });
  if (json) {
    out.write(`${JSON.stringify(results)}\n`);
  } else {
    const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
    const paint = paintFor(env, isTerminal);
    const place = kept.kind === "kept" ? `\n\n${paint.bold("Kept")}  ${kept.file}` : "";
    out.write(`${calibrationText(found, key, paint)}${place}\n`);
  }
  if (kept.kind === "not-kept")
    err.write(`not kept, so run and load will not know of it: ${kept.why}\n`);
}
