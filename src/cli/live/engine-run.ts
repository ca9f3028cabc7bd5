// What the live view of a run of the engine shows and steers.

import { runResults } from "../../report/results.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import { activeSeconds, type RunFigures } from "../../report/run-figures.ts";
import type { Totals } from "../../stats/figures.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { judge, type SaturationLimits, type Validity } from "../../stats/validity.ts";
import type { RunEngine } from "../../workers/engine.ts";
import type { Interrupts } from "../replay/interrupts.ts";
import { version } from "../version.ts";
import type { ViewedRun } from "./run-view.ts";

type EngineRun = {
  readonly verb: string;
  readonly directory: RunDirectory;
  readonly paced: boolean;
  /** Null where no latency is a finding: a warm-up. */
  readonly limits: SaturationLimits | null;
  /** What the user raises to have more places. */
  readonly placesKey: string;
  /** Made after the view. */
  readonly engine: () => Pick<RunEngine, "control" | "tallies" | "timebase" | "nodeReports">;
  readonly interrupts: Pick<Interrupts, "press" | "end">;
  readonly recording: {
    readonly origin: { readonly startedAtMs: number };
    readonly planned: number | null;
  };
};

export function viewedRun(run: EngineRun): ViewedRun {
  const { verb, directory, paced, engine, interrupts } = run;
  return {
    verb,
    directory: directory.path,
    paced,
    judge: (totals) => judged(run, totals),
    nodes: () => engine().nodeReports?.() ?? [],
    steering: {
      control: (control) => engine().control(control),
      interrupt: interrupts.press,
      end: interrupts.end,
      async snapshot() {
        await directory.writeJson("results.json", runResults(figuresSoFar(run)));
        return `results so far: ${directory.file("results.json")}`;
      },
    },
  };
}

/** Seconds since the start, and for how many of them time stood still. */
function lengthOf({ recording, engine }: EngineRun) {
  const seconds = Math.max(0, (Date.now() - recording.origin.startedAtMs) / 1000);
  return { seconds, pausedSeconds: engine().timebase.pausedBefore(seconds * 1e9) / 1e9 };
}

/** What was not sent yet is no fault so far. */
function judged(run: EngineRun, totals: Totals): Validity {
  const { limits, paced, placesKey } = run;
  if (limits === null) return { verdict: "ok", cause: null, reasons: [] };
  return judge(totals, limits, {
    paced,
    planned: null,
    plannedSeconds: null,
    sendingSeconds: activeSeconds(lengthOf(run)),
    placesKey,
    interrupted: true,
  });
}

function figuresSoFar(run: EngineRun): RunFigures {
  const totals = new TallyReader(run.engine().tallies).totals();
  const { startedAtMs } = run.recording.origin;
  return {
    tool: { name: "drayage", version },
    verb: run.verb,
    startedAt: startedAtMs,
    ...lengthOf(run),
    totals,
    validity: judged(run, totals),
    calibration: null,
    ending: "running",
    paced: run.paced,
    planned: run.paced ? run.recording.planned : null,
    failsOn: "all",
    traceSeconds: null,
    skipped: {},
    records: {},
    besides: {},
    examples: {},
    compat: null,
  };
}
