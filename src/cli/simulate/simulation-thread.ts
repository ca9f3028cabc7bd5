// The main thread's end of a simulation.
import { Worker } from "node:worker_threads";
import { DrayageError, UsageError } from "../../core/errors.ts";
import type { TraceAccount } from "../../trace/account.ts";
import type { Terminal } from "../command.ts";
import type { FromSimulation, SimulationTask } from "./messages.ts";
import { ProgressBoard } from "./progress-board.ts";
import type { SimulationProgress } from "./simulation-progress.ts";

// The build rewrites "./x.ts" in imports but not inside `new URL`, so the suffix follows this file's own.
const threadUrl = new URL(
  `./thread-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** After a second interrupt: until then the thread has ended its child. */
const CUT_MS = 200;

/** How a simulation ended, other than by an error of the user's, the world's or ours. */
export type SimulationEnd = FromSimulation & {
  readonly type: "finished" | "raised" | "not-compiled" | "refused";
};

type Voices = {
  readonly terminal: Terminal;
  readonly progress: SimulationProgress;
  /** Standard output is for our JSON only. */
  readonly json: boolean;
};

/** Runs a simulation on a thread of its own, and hands on what it says. */
export class SimulationThread {
  /** Rejects with UsageError, DrayageError, or an error of ours. */
  readonly ended: Promise<SimulationEnd>;
  account: TraceAccount | undefined;
  readonly #worker: Worker;
  readonly #board: ProgressBoard;
  readonly #task: SimulationTask;
  readonly #settle = Promise.withResolvers<SimulationEnd>();
  /** An interrupt ends the requests, and the simulation has something to say about those before. */
  #streams = false;

  constructor(task: SimulationTask, voices: Voices) {
    this.#task = task;
    this.#board = new ProgressBoard(task.board);
    this.ended = this.#settle.promise.finally(() => this.#worker.terminate());
    // Awaited later than it may fail.
    this.ended.catch(() => {});
    const say = (stream: "out" | "err", text: string): void => {
      voices.progress.clear();
      const { out, err } = voices.terminal;
      (stream === "out" && !voices.json ? out : err).write(text);
    };
    this.#worker = new Worker(threadUrl, { workerData: task, stdout: true, stderr: true });
    this.#worker.stdout.on("data", (text: Buffer) => say("out", text.toString()));
    this.#worker.stderr.on("data", (text: Buffer) => say("err", text.toString()));
    this.#worker.on("message", (message: FromSimulation) => this.#hear(message, say));
    this.#worker.on("error", (error: unknown) => this.#broke(error));
    this.#worker.on("exit", (code) => this.#exited(code));
  }

  /** The first interrupt: requests end, and with them a simulation that takes them one by one; any other is cut off. */
  drain(): void {
    this.#board.stop();
    const { phase } = this.#board.position;
    const works = phase === "simulating" || phase === "afterwards";
    if (works && !this.#streams && this.#task.plugin.kind === "module") this.stop();
  }

  /** Cuts it off. */
  stop(): void {
    this.#board.cutOff();
    setTimeout(() => this.#cut(), CUT_MS);
  }

  #cut(): void {
    this.#settle.resolve({ type: "finished", interrupted: true, result: { kind: "nothing" } });
  }

  #hear(message: FromSimulation, say: (stream: "out" | "err", text: string) => void): void {
    switch (message.type) {
      case "said":
        say(message.stream, message.text);
        break;
      case "began":
        this.account = message.account;
        this.#streams = message.streams;
        break;
      case "failed":
        this.#settle.reject(errorOf(message));
        break;
      case "finished":
      case "raised":
      case "not-compiled":
      case "refused":
        this.#settle.resolve(message);
        break;
      default:
        message satisfies never;
    }
  }

  /** An error that nobody caught: thrown in a timer of the plug-in, or a promise that nobody waits for. */
  #broke(error: unknown): void {
    if (this.#task.plugin.kind !== "module") {
      this.#settle.reject(error);
      return;
    }
    const { code, stack } = error as { code?: string; stack?: string };
    const text =
      code === "ERR_WORKER_OUT_OF_MEMORY"
        ? "the plug-in ran out of memory: with simulate(stream) instead of init(requests) it gets requests one by one"
        : (stack ?? String(error));
    this.#settle.resolve({ type: "raised", text });
  }

  /** A plug-in that calls process.exit ends its thread. */
  #exited(code: number): void {
    if (code === 0)
      this.#settle.resolve({ type: "finished", interrupted: false, result: { kind: "nothing" } });
    else
      this.#settle.resolve({
        type: "raised",
        text: `the plug-in ended its thread with code ${code}`,
      });
  }
}

function errorOf({ code, lines }: FromSimulation & { type: "failed" }): Error {
  if (code === "usage") return new UsageError(lines);
  if (code === "internal") return new Error(lines.join("\n"));
  return new DrayageError(code, lines.join("\n"));
}
