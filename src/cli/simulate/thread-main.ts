// The thread of a simulation: reads the trace and runs the plug-in, which may keep it busy as long as it likes. Reached by URL
// only.
import { execFile } from "node:child_process";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { inspect, promisify } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { shipped } from "../../plugins/simulations/catalogue.ts";
import { loadModule } from "../../plugins/simulations/module/module-simulation.ts";
import {
  type PythonPlugin,
  PythonSimulation,
} from "../../plugins/simulations/python/python-simulation.ts";
import type { TraceAccount } from "../../trace/account.ts";
import { KeyNumbers, type TraceKeys } from "../../trace/key-numbers.ts";
import { openTrace } from "../../trace/open-trace.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import type { FromSimulation, SimulationResult, SimulationTask } from "./messages.ts";
import { ProgressBoard } from "./progress-board.ts";
import { TracedColumns } from "./traced-columns.ts";
import { TracedRequests } from "./traced-requests.ts";

/** How often a thread that waits for a child looks whether it is to stop. */
const STOP_LOOK_MS = 50;

const tell = (message: FromSimulation): void => parentPort?.postMessage(message);

const task = workerData as SimulationTask;
const board = new ProgressBoard(task.board);

/** Ends the simulation with this message. */
class Ending extends Error {
  readonly ending: FromSimulation;
  constructor(ending: FromSimulation) {
    super(ending.type);
    this.ending = ending;
  }
}

/** Reads the trace; as keyed records with `keys`. */
async function open(stopping: AbortController, keys?: KeyNumbers): Promise<TraceStream> {
  const { signal } = stopping;
  const onProgress = ({ bytes, bytesTotal }: { bytes: number; bytesTotal: number }): void => {
    board.set("reading", bytes, bytesTotal);
    if (board.stopped) stopping.abort();
  };
  return await openTrace({ ...task.trace, signal, onProgress }, keys);
}

async function openRequests(
  streams: boolean,
  stopping = new AbortController(),
): Promise<TracedRequests> {
  const stream = await open(stopping);
  tell({ type: "began", account: plainAccount(stream.account), streams });
  return new TracedRequests(stream, board);
}

async function openColumns(asked: TraceKeys): Promise<TracedColumns> {
  const keys = new KeyNumbers(asked);
  const stream = await open(new AbortController(), keys);
  tell({ type: "began", account: plainAccount(stream.account), streams: true });
  return new TracedColumns({ stream, keys, board });
}

const plainAccount = (account: TraceAccount): TraceAccount => structuredClone(account);

async function runShipped(plugin: Parameters<typeof shipped>[0]): Promise<FromSimulation> {
  const simulation = shipped(plugin);
  const say = (line: string): void => tell({ type: "said", stream: "out", text: `${line}\n` });
  const goOn = (done: number, total: number): boolean => {
    board.set("afterwards", done, total);
    return !board.stopped;
  };
  const figures =
    simulation.reads === "columns"
      ? simulation.run({ requests: await openColumns(simulation.keys), goOn })
      : simulation.run({ requests: await openRequests(true), say, goOn });
  return finished({ kind: "shipped", figures });
}

const finished = (result: SimulationResult): FromSimulation => ({
  type: "finished",
  interrupted: board.stopped,
  result,
});

async function runModule({
  path,
  args,
}: {
  readonly path: string;
  readonly args: Readonly<Record<string, unknown>> | undefined;
}): Promise<FromSimulation> {
  hearConsole();
  const plugin = await loadModule(path, args).catch((error) => loadingFailed(path, error));
  const requests = await openRequests(plugin.streams);
  try {
    return finished(returned(await plugin.run(requests)));
  } catch (error) {
    if (isInterruption(error)) throw error;
    return { type: "raised", text: inspect(error) };
  }
}

const isInterruption = (error: unknown): boolean =>
  error instanceof DrayageError && error.code === "interrupted";

/** Maps become objects and sets lists, in whatever depth; what JSON has no word for throws, and is the plug-in's failure. */
function returned(value: unknown): SimulationResult {
  const json = JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map) return Object.fromEntries(inner);
    if (inner instanceof Set) return [...inner];
    return typeof inner === "bigint" ? Number(inner) : inner;
  });
  return json === undefined ? { kind: "nothing" } : { kind: "returned", json };
}

async function loadingFailed(path: string, error: unknown): Promise<never> {
  if (error instanceof UsageError) throw error;
  if (!(error instanceof SyntaxError)) throw new Ending({ type: "raised", text: inspect(error) });
  throw new Ending({ type: "not-compiled", text: await syntaxReport(path, error) });
}

/** Where the mistake is: an import that fails does not say, but the program itself does when it only checks a file. */
async function syntaxReport(path: string, error: SyntaxError): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, ["--check", path]);
    // The mistake is in a file that the plug-in imports.
    return `${path}: ${error.message}`;
  } catch (checked) {
    const { stderr = "" } = checked as { stderr?: string };
    const [, line] = /:(\d+)\s*$/m.exec(stderr.split("\n", 1)[0] ?? "") ?? [];
    return line === undefined ? `${path}: ${error.message}` : `${path}:${line}: ${error.message}`;
  }
}

/** What a plug-in says by `console` is heard at once: the thread's own streams wait until it lets go of the thread. */
function hearConsole(): void {
  const streamTo = (stream: "out" | "err"): Writable =>
    new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        tell({ type: "said", stream, text: String(text) });
        done();
      },
    });
  globalThis.console = new Console({ stdout: streamTo("out"), stderr: streamTo("err") });
}

async function runPython(plugin: PythonPlugin): Promise<FromSimulation> {
  const python = await PythonSimulation.start(plugin);
  const look = setInterval(() => {
    if (board.stopped) python.stop(board.isCutOff);
  }, STOP_LOOK_MS);
  try {
    // A plug-in that cannot be loaded says so at once, whatever the reading of the trace takes.
    const early = python.ended.then((ending) => ({ early: ending }));
    const reading = new AbortController();
    const opening = openRequests(false, reading);
    const opened = await Promise.race([early, opening]);
    if ("early" in opened) {
      // Ended in order, so that it takes its files of sorted runs with it.
      reading.abort();
      await opening.catch(() => {});
    }
    const ending = "early" in opened ? opened.early : await python.run(opened);
    if (board.stopped) return finished({ kind: "nothing" });
    switch (ending.kind) {
      case "done":
        return finished({ kind: "nothing" });
      case "raised":
        return { type: "raised", text: "" };
      case "not-compiled":
        return { type: "not-compiled", text: "" };
      case "refused":
        return { type: "refused" };
      case "ended":
        return { type: "raised", text: ending.why };
      default:
        return ending satisfies never;
    }
  } catch (error) {
    python.stop();
    throw error;
  } finally {
    clearInterval(look);
  }
}

function run(): Promise<FromSimulation> {
  const { plugin } = task;
  switch (plugin.kind) {
    case "shipped":
      return runShipped(plugin);
    case "module":
      return runModule(plugin);
    case "python":
      return runPython(plugin);
    default:
      return plugin satisfies never;
  }
}

function endingOf(error: unknown): FromSimulation {
  if (error instanceof Ending) return error.ending;
  if (isInterruption(error))
    return { type: "finished", interrupted: true, result: { kind: "nothing" } };
  if (error instanceof UsageError) return { type: "failed", code: "usage", lines: error.lines };
  if (error instanceof DrayageError)
    return { type: "failed", code: error.code, lines: [messageOf(error)] };
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return { type: "failed", code: "internal", lines: [messageOf(error), stack] };
}

/** Until what the plug-in wrote to the thread's own streams has been handed on. */
const written = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => stream.write("", () => resolve()));

const ending = await run().catch(endingOf);
await Promise.all([written(process.stdout), written(process.stderr)]);
tell(ending);
