import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { UsageError } from "../../../core/errors.ts";
import type { RequestCursor } from "../simulation.ts";
import { pythonBridge } from "./python-bridge.ts";
import { pythonGrammar } from "./python-grammar.ts";
import { pythonMeaning } from "./python-meaning.ts";

/** Requests in a line of the pipe; what Node holds of them before it waits for the reader is of that order, too. */
const REQUESTS_PER_LINE = 1000;
const PIPE_FD = 3;
/** How long a plug-in may take to end when it is asked to. */
const PATIENCE_MS = 2000;
/** Exit codes of the bridge: python-bridge.ts. */
const codes: Readonly<Record<number, PythonEnding>> = {
  0: { kind: "done" },
  81: { kind: "raised" },
  82: { kind: "not-compiled" },
  83: { kind: "refused" },
  84: { kind: "refused" },
};

/** How a plug-in's interpreter ended. Why is on standard error already, but for `ended`. */
export type PythonEnding =
  | { readonly kind: "done" }
  | { readonly kind: "raised" }
  | { readonly kind: "not-compiled" }
  | { readonly kind: "refused" }
  | { readonly kind: "ended"; readonly why: string };

export type PythonPlugin = {
  /** Absolute path of the plug-in. */
  readonly path: string;
  readonly args: Readonly<Record<string, unknown>> | undefined;
  /** Program. */
  readonly interpreter: string;
  /** Descriptor that the plug-in's standard output goes to: 1, or 2 where ours is for data. */
  readonly outputFd: number;
};

/** A plug-in in Python, in a child that has its own interpreter; requests go to it through a pipe. */
export class PythonSimulation {
  readonly #child: ChildProcess;
  readonly #pipe: Writable;
  readonly #ended: Promise<PythonEnding>;
  #over = false;
  #askedAt: number | undefined;

  private constructor(child: ChildProcess, plugin: PythonPlugin) {
    this.#child = child;
    this.#pipe = child.stdio[PIPE_FD] as Writable;
    // A plug-in that ends before it has read everything closes the pipe: how it ended tells more.
    this.#pipe.on("error", () => {});
    this.#ended = once(child, "close").then(([code, signal]) => {
      this.#over = true;
      const why = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      return codes[code ?? -1] ?? { kind: "ended", why: `${plugin.interpreter} ${why}` };
    });
    const header = {
      path: plugin.path,
      ...(plugin.args === undefined ? {} : { args: plugin.args }),
    };
    this.#pipe.write(`${JSON.stringify(header)}\n`);
  }

  /** Starts the interpreter, which loads the plug-in and waits for requests. Throws UsageError if there is none. */
  static async start(plugin: PythonPlugin): Promise<PythonSimulation> {
    const program = [pythonGrammar, pythonMeaning, pythonBridge].join("\n");
    // -u: what the plug-in prints is seen at once. -B: nothing is written beside it.
    const child = spawn(plugin.interpreter, ["-u", "-B", "-c", program], {
      stdio: ["ignore", plugin.outputFd, 2, "pipe"],
      env: { PYTHONIOENCODING: "utf-8", ...process.env },
    });
    try {
      await once(child, "spawn");
    } catch (error) {
      throw new UsageError(
        `${plugin.interpreter} cannot be started: install Python 3, or name an interpreter, such as DRAYAGE_PYTHON=python2.7`,
        { cause: error },
      );
    }
    return new PythonSimulation(child, plugin);
  }

  /** Sends all requests; returns when the plug-in has ended. */
  async run(requests: RequestCursor): Promise<PythonEnding> {
    let line: string[] = [];
    while (!this.#over && requests.next()) {
      line.push(rowOf(requests));
      if (line.length < REQUESTS_PER_LINE) continue;
      await this.#send(line);
      line = [];
    }
    if (requests.interrupted) {
      this.stop();
      return this.#ended;
    }
    if (line.length > 0) await this.#send(line);
    this.#pipe.end("end\n");
    return this.#ended;
  }

  /** Resolves when the interpreter has ended by itself before it got all requests. */
  get ended(): Promise<PythonEnding> {
    return this.#ended;
  }

  /** Asks it to end, once. Called again when its time is over, or with `now`, it ends it: a plug-in may ignore signals. */
  stop(now = false): void {
    const at = performance.now();
    const isLate = this.#askedAt !== undefined && at - this.#askedAt > PATIENCE_MS;
    if (now || isLate) this.#child.kill("SIGKILL");
    else if (this.#askedAt === undefined) this.#child.kill("SIGTERM");
    this.#askedAt ??= at;
  }

  async #send(line: readonly string[]): Promise<void> {
    if (this.#pipe.write(`[${line.join(",")}]\n`)) {
      // Orders to stop arrive between lines.
      await new Promise<void>((resolve) => setImmediate(resolve));
      return;
    }
    await Promise.race([once(this.#pipe, "drain").catch(() => {}), this.#ended]);
  }
}

const rowOf = ({ view, delayUs }: RequestCursor): string =>
  `[${delayUs / 1e6},${JSON.stringify(view.uri)},${Math.max(0, view.size)},${JSON.stringify(view.methodName)},${view.duration},${JSON.stringify(view.client)}]`;
