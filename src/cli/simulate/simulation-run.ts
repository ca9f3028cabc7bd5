// A simulation from its plug-in to its files.

import { writeFileSync } from "node:fs";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { prefetchLines } from "../../plugins/simulations/prefetch/prefetch-simulation.ts";
import { formatCount, formatDuration } from "../../report/number-format.ts";
import {
  createRunDirectory,
  type RunDirectory,
  type RunRecord,
} from "../../report/run-directory.ts";
import { paintFor } from "../../report/text-table.ts";
import { brokenLines } from "../../trace/account.ts";
import type { OpenTraceOptions } from "../../trace/trace-options.ts";
import type { Terminal } from "../command.ts";
import { type ReplayConfig, resolvedConfig } from "../config/replay-config.ts";
import { abandonDirectory } from "../replay/after-failure.ts";
import { traceName } from "../replay/archived-traces.ts";
import { catchInterrupts, type Interrupts } from "../replay/interrupts.ts";
import { machineFacts } from "../replay/run-story.ts";
import { hashesOfTrace } from "../replay/trace-hashes.ts";
import { commandText } from "../typed-words.ts";
import { version } from "../version.ts";
import type { Plugin, SimulationResult } from "./messages.ts";
import { allocateProgressBoard, ProgressBoard } from "./progress-board.ts";
import { pluginText, type SimulationFigures, simulationResults } from "./simulation-figures.ts";
import { simulationPage } from "./simulation-page.ts";
import { SimulationProgress } from "./simulation-progress.ts";
import { simulationText } from "./simulation-text.ts";
import { type SimulationEnd, SimulationThread } from "./simulation-thread.ts";

export type SimulationRequest = {
  readonly plugin: Plugin;
  readonly config: ReplayConfig;
  readonly trace: OpenTraceOptions;
  /** The command line, without secrets. */
  readonly arguments: readonly string[];
  readonly out: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** A word of `uiModes`. */
  readonly ui: string;
  readonly allowFailures: boolean;
};

export async function runSimulation(
  request: SimulationRequest,
  terminal: Terminal,
): Promise<ExitCode> {
  const startedAt = Date.now();
  const began = performance.now();
  const directory = await createRunDirectory({ verb: "simulate", startedAt, out: request.out });
  const record = runRecordOf(request, startedAt);
  await directory.writeRun(record);
  const { end, account, interrupts } = await simulate(request, terminal).catch((error) => {
    abandonDirectory(directory, [directory.file("run.json")]);
    throw error;
  });
  try {
    const figures: SimulationFigures = {
      name: pluginText(request.plugin),
      startedAt,
      seconds: (performance.now() - began) / 1000,
      ending: endingOf(end, interrupts),
      account: account ?? null,
      result: end.type === "finished" ? end.result : { kind: "nothing" },
    };
    await writeFiles({ request, figures, directory, record });
    tell({ request, figures, directory, end }, terminal);
    return interrupts.code() ?? exitOf(end, request);
  } finally {
    interrupts.release();
  }
}

/** Runs it, with progress and interrupts. The interrupts stay caught, for the files that follow. */
async function simulate(request: SimulationRequest, terminal: Terminal) {
  const { plugin, trace, json, quiet, ui } = request;
  const board = allocateProgressBoard();
  const progress = new SimulationProgress(terminal, new ProgressBoard(board), { quiet, ui });
  const thread = new SimulationThread({ plugin, trace, board }, { terminal, progress, json });
  const say = (line: string): void => {
    progress.clear();
    terminal.err.write(`${line}\n`);
  };
  const interrupts = catchInterrupts(
    {
      drain() {
        say("interrupted: the simulation ends with the requests so far; once more stops at once");
        thread.drain();
      },
      stop() {
        say("stopped");
        thread.stop();
      },
    },
    () => {},
    terminal.program,
  );
  try {
    return { end: await thread.ended, account: thread.account, interrupts };
  } catch (error) {
    interrupts.release();
    throw error;
  } finally {
    progress.end();
  }
}

function endingOf(end: SimulationEnd, interrupts: Interrupts): SimulationFigures["ending"] {
  if (interrupts.code() !== undefined) return "signal";
  return end.type === "finished" ? "finished" : "failed";
}

function exitOf(end: SimulationEnd, { allowFailures }: SimulationRequest): ExitCode {
  switch (end.type) {
    case "finished":
      return ExitCode.done;
    case "raised":
      return allowFailures ? ExitCode.done : ExitCode.operationsFailed;
    case "not-compiled":
      return ExitCode.internal;
    case "refused":
      return ExitCode.usage;
    default:
      return end satisfies never;
  }
}

function runRecordOf(request: SimulationRequest, startedAt: number): RunRecord {
  const start = new Date(startedAt).toISOString();
  return {
    tool: { name: "drayage", version },
    verb: "simulate",
    arguments: request.arguments,
    startedAt: start,
    endedAt: null,
    ending: null,
    plan: { plugin: request.plugin, config: resolvedConfig(request.config) },
    seed: request.config.run.seed,
    traces: [],
    clocks: { originWall: start, originMonotonicNs: String(process.hrtime.bigint()) },
  };
}

type Finished = {
  readonly request: SimulationRequest;
  readonly figures: SimulationFigures;
  readonly directory: RunDirectory;
};

async function writeFiles({
  request,
  figures,
  directory,
  record,
}: Finished & { readonly record: RunRecord }): Promise<void> {
  await directory.writeJson("results.json", simulationResults(figures));
  const facts: (readonly [string, string])[] = [
    ["simulation", figures.name],
    ["arguments", JSON.stringify(request.plugin.args ?? {})],
    ["trace", request.config.trace.traces.map(traceName).join(", ")],
    ...machineFacts(),
  ];
  const command = commandText(request.arguments);
  await directory.writeText("report.html", simulationPage(figures, { command, facts }));
  await directory.writeRun({
    ...record,
    endedAt: new Date().toISOString(),
    ending: figures.ending,
    traces: await hashesOfTrace(request.config),
  });
  writeOutfile(figures.result, directory);
}

/** The file that the original's prefetch simulation writes; the last, so that a place that cannot be written costs no figures. */
function writeOutfile(result: SimulationResult, directory: RunDirectory): void {
  if (result.kind !== "shipped" || result.figures.kind !== "prefetch") return;
  const { outfile } = result.figures;
  try {
    writeFileSync(outfile, `${prefetchLines(result.figures).join("\n")}\n`);
  } catch (error) {
    throw new DrayageError(
      "storage",
      `the figures are in ${directory.file("results.json")}, but ${outfile} cannot be written: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Results on standard output; failures, what became of the records, and where the files are on standard error. */
function tell(
  { request, figures, directory, end }: Finished & { readonly end: SimulationEnd },
  terminal: Terminal,
): void {
  const { out, err, env, program } = terminal;
  program?.finished({ directory: directory.path, results: simulationResults(figures) });
  const complain = (text: string): void => void (text !== "" && err.write(`${text}\n`));
  if (end.type === "raised" && end.text !== "") complain(`Error running plugin init!\n${end.text}`);
  if (end.type === "not-compiled") complain(end.text);
  if (request.json) {
    out.write(`${JSON.stringify({ directory: directory.path, ...simulationResults(figures) })}\n`);
  } else {
    const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
    const lines = simulationText(figures.result, paintFor(env, isTerminal));
    if (lines.length > 0) out.write(`${lines.join("\n")}\n`);
  }
  if (request.quiet) return;
  const { account, seconds } = figures;
  if (account !== null) for (const line of brokenLines(account)) complain(line);
  complain(
    `${formatCount(account?.kept ?? 0)} requests in ${formatDuration(seconds)}; ${directory.path}/ has report.html, results.json and run.json`,
  );
}
